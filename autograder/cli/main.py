"""The command line: finds the command's module, and prints our errors in one place."""

from __future__ import annotations

import importlib
import sys

import click
from rich.console import Console

from autograder import __version__
from autograder.errors import AutograderError

COMMANDS = {
    "build": "Make release, students' zip and otter bundle of an assignment.",
    "demo": "Build, sample and grade once, and say where the pages are.",
    "doctor": "Try on this machine what student code can and cannot do.",
    "grade": "Grade a folder of hand-ins.",
    "new": "Begin an assignment: a master that builds, grades and proves.",
    "prove": "Prove the checks of an assignment with right and wrong solutions.",
    "report": "Rewrite gradebook and pages; read marks; write a marking sheet.",
    "sample": "Make a small class of hand-ins, right and wrong.",
}
"""Each is a module of this package that holds a click command of the name `command`."""


class LazyCommands(click.Group):
    """Imports a command's module when it is called: `--help` need not wait for torch."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of the alphabet."""
        return list(COMMANDS)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands from the table above: importing each of them takes seconds."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, if there is one."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"autograder.cli.{cmd_name}")
        command: click.Command = module.command
        return command


@click.group(cls=LazyCommands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.pass_context
def cli(context: click.Context, debug: bool) -> None:
    """Build, grade and report assignments of a deep-learning course."""
    context.obj = {"debug": debug}


def main() -> None:
    """Run the command line. Exit status: 0 all done, 1 something was not, 2 usage."""
    debug = "--debug" in sys.argv
    try:
        cli.main(standalone_mode=False)
    except click.exceptions.Exit as exit:
        sys.exit(exit.exit_code)
    except click.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except AutograderError as error:
        if debug:
            raise
        console = Console(stderr=True, soft_wrap=True)
        place = f"{error.where}: " if error.where else ""
        console.print("error: ", style="bold red", end="", highlight=False)
        console.print(f"{place}{error.what}", markup=False, highlight=False)
        if error.remedy:
            console.print(f"  {error.remedy}", markup=False, highlight=False)
        sys.exit(1)
