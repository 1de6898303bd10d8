"""A real JupyterLab with the assignment that students get, and a real browser."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.chromium import chromium

ROOT = Path(__file__).resolve().parents[2]
RELEASE = ROOT / "assignments" / "a07-attention"

TOKEN = secrets.token_hex(16)
"""The server runs what it is sent: only our page may send it anything."""

ATTEMPTS = 20
"""Times that a cell is asked to run until it starts."""

SETTINGS = {
    "apputils-extension/notification.jupyterlab-settings": {
        "fetchNews": "false",
        "checkForUpdates": False,
    },
    # Otherwise cells out of sight are not in the page.
    "notebook-extension/tracker.jupyterlab-settings": {"windowingMode": "none"},
}


@pytest.fixture(scope="module")
def student_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The release, copied to where a student would unpack it."""
    folder = tmp_path_factory.mktemp("student") / "a07-attention"
    shutil.copytree(RELEASE, folder)
    return folder


@pytest.fixture(scope="module")
def lab(student_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a JupyterLab that runs in the student's folder."""
    home = tmp_path_factory.mktemp("home")
    for name, content in SETTINGS.items():
        path = home / "settings" / "@jupyterlab" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content))
    log = home / "log.txt"
    with log.open("wb") as output:
        server = subprocess.Popen(
            [
                *(sys.executable, "-m", "jupyter", "lab", "--no-browser", "--allow-root"),
                *("--ServerApp.ip=127.0.0.1", "--ServerApp.port=0"),
                *(f"--IdentityProvider.token={TOKEN}", "--LabApp.extension_manager=readonly"),
                f"--ServerApp.root_dir={student_folder}",
            ],
            cwd=student_folder,
            env={
                **os.environ,
                "HOME": str(home),
                "JUPYTER_CONFIG_DIR": str(home / "config"),
                "JUPYTER_DATA_DIR": str(home / "data"),
                "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
                "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
                "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
            },
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield _address(server, home / "runtime", log)
    finally:
        server.terminate()
        try:
            server.wait(timeout=20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _address(server: subprocess.Popen[bytes], runtime: Path, log: Path) -> str:
    """Where the server listens, as soon as it does."""
    for _ in range(240):
        for record in runtime.glob("jpserver-*.json"):
            try:
                return str(json.loads(record.read_text())["url"])
            except ValueError:
                break  # it is being written
        try:
            code = server.wait(timeout=0.25)
        except subprocess.TimeoutExpired:
            continue
        raise AssertionError(f"JupyterLab ended with {code}:\n{log.read_text()[-3000:]}")
    raise AssertionError(f"JupyterLab does not start:\n{log.read_text()[-3000:]}")


@pytest.fixture
def page() -> Iterator[Page]:
    """A page of a headless browser."""
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1000, "height": 820})
        page.set_default_timeout(60_000)
        yield page


class Notebook:
    """A notebook that is open in a page, used as a student uses it: with mouse and keyboard."""

    def __init__(self, page: Page, address: str, name: str) -> None:
        self.page = page
        page.goto(f"{address}lab/tree/{name}?reset&token={TOKEN}")
        page.locator(".jp-Notebook .jp-CodeCell").first.wait_for()
        page.keyboard.press("Control+b")  # the list of files goes, for room

    def cell(self, text: str):
        """The code cell that holds ``text``."""
        return self.page.locator(".jp-CodeCell").filter(has_text=text).first

    def write(self, text: str, answer: str) -> None:
        """Replace what stands in the code cell that holds ``text``."""
        self.cell(text).locator(".cm-content").click()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.insert_text(answer)

    def run(self, text: str) -> str:
        """Run the code cell that holds ``text``; what it shows."""
        cell = self.cell(text)
        prompt = cell.locator(".jp-InputPrompt")
        before = prompt.inner_text()
        cell.locator(".cm-content").click()
        for _ in range(ATTEMPTS):
            self.page.keyboard.press("Control+Enter")
            try:
                expect(prompt).not_to_have_text(before, timeout=3_000)
                break
            except AssertionError:
                continue  # what is run before the page has its kernel is lost without a word
        expect(prompt).to_have_text(re.compile(r"\[\d+\]"), timeout=60_000)
        outputs = cell.locator(".jp-OutputArea-output")
        return re.sub(r"\s+", " ", " ".join(outputs.all_inner_texts()))


@pytest.fixture
def notebook(page: Page, lab: str) -> Notebook:
    """The assignment, open in JupyterLab."""
    return Notebook(page, lab, "a07-attention.ipynb")
