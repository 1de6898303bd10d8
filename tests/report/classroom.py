"""A small class as grading leaves it: real in every field, with nothing run."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from autograder.assignment import Assignment, Question, Rubric, RubricItem
from autograder.assignment.models import Kind, Rubrics
from autograder.results import Ending, Flag, QuestionResult, SubmissionResult, Verdict
from autograder.store import Store, open_store

ASSIGNMENT = Assignment(
    name="a07-attention",
    title="Assignment 7: Attention",
    course="Deep Learning",
    deadline=datetime(2026, 12, 14, 8, tzinfo=UTC),
    late_policy="Late hand-ins are accepted for seven days.",
    seed=1,
    environment=("torch",),
    questions=(
        Question(id="q1_1", title="Why attention?", kind=Kind.SHORT_TEXT, manual=2),
        Question(id="q1_2", title="Hard or soft?", kind=Kind.MATCHING, auto=3),
        Question(
            id="q1_4",
            title="The Transformer's attention",
            kind=Kind.SINGLE_CHOICE,
            auto=1,
            manual=1,
        ),
        Question(id="q2_1", title="A Transformer over detected objects", kind=Kind.ESSAY, manual=6),
        Question(id="q3_2", title="Scaled dot-product attention", kind=Kind.CODE, auto=5),
        Question(id="q3_3", title="Several heads", kind=Kind.CODE, auto=5),
        Question(id="q3_6", title="Training", kind=Kind.CODE, auto=8),
    ),
)

RUBRICS = Rubrics(
    rubrics={
        "q1_1": Rubric(
            items=(
                RubricItem(
                    id="bottleneck",
                    text="Says that one fixed-length vector has to hold the whole input",
                    points=1,
                    look_for="long inputs, forgetting, a vector of constant size",
                ),
                RubricItem(
                    id="access",
                    text="Says that attention looks at all inputs anew for every output",
                    points=1,
                    look_for="weights for each output; a direct path to each input",
                ),
            ),
            reference="An encoder-decoder squeezes its input through one vector …",
        ),
        "q1_4": Rubric(
            items=(
                RubricItem(
                    id="reason",
                    text="The softmax gives every token some weight",
                    points=1,
                    look_for="softmax, differentiable",
                ),
            ),
            reference="Soft, because of the softmax.",
        ),
        "q2_1": Rubric(
            items=(
                RubricItem(
                    id="boxes", text="Encodes the four box coordinates as positions", points=2
                ),
                RubricItem(id="sizes", text="Gives the size of every vector", points=2),
                RubricItem(id="varying", text="Pads and masks a varying number", points=2),
                RubricItem(id="pixels", text="Puts raw pixels in place of the features", points=-1),
            ),
            reference="Project 2048 to d_model …",
        ),
    }
)

ESSAY = """\
Each object becomes **one token**. Its feature vector has 2048 numbers, so I project it with a
shared linear layer to $d_{model} = 256$, and I add an embedding of its box:

1. scale $[x_1, y_1, x_2, y_2]$ to the size of the image,
2. feed the four numbers through a small network `4 -> 64 -> 256`,
3. add the result to the token, as one would add a positional encoding.

All weights are shared over objects, because their order means nothing:

| vector | size |
|---|---|
| features | 2048 |
| token | 256 |
| query, key, value (8 heads) | 32 |

Images have different numbers of objects, so a batch is padded to the largest number, and a mask
keeps padded keys out of the softmax:

$$
\\mathrm{softmax}(QK^T / \\sqrt{32} + M)
$$
"""

COUNTEREXAMPLE = """\
Row 1 may attend to nothing: its weights should be 0, and they are not a number.

  query     [[1.0, 0.0], [0.0, 1.0]]
  key       [[1.0, 0.0], [0.0, 1.0]]
  mask      [[True, False], [False, False]]

  expected  [[1.0, 0.0], [0.0, 0.0]]
  got       [[1.0, 0.0], [nan, nan]]"""


def check(name: str, title: str, points: float = 1, most: float = 1, **more: object) -> Verdict:
    return Verdict(
        name=name,
        title=title,
        points=points,
        max_points=most,
        passed=points == most,
        hidden=bool(more.pop("hidden", False)),
        **more,
    )


def question(id: str, checks: tuple[Verdict, ...] = (), **more: object) -> QuestionResult:
    asked = ASSIGNMENT.question(id)
    return QuestionResult(
        id=id,
        kind=asked.kind,
        status=more.pop("status", Ending.GRADED),
        auto_score=sum(verdict.points for verdict in checks),
        auto_max=asked.auto,
        manual_max=asked.manual,
        checks=checks,
        **more,
    )


ADA = SubmissionResult(
    submission="ada.ipynb",
    student_id="10012345",
    name="Ada Lovelace",
    status=Ending.GRADED,
    wall="bubblewrap",
    questions=(
        question(
            "q1_1",
            answer="Without attention the encoder has to put the whole sentence into one vector of "
            "a fixed length, and what came first is forgotten in long sentences. With attention "
            "the decoder looks at *all* states of the encoder, for each word anew.",
        ),
        question(
            "q1_2",
            (
                check("differentiable", "Differentiable", 0.5, 0.5),
                check("sampling", "Needs sampling or reinforcement learning", 0.5, 0.5),
                check("cheaper", "Cheaper at inference", 0.5, 0.5),
                check(
                    "costly",
                    "Costly on long inputs",
                    0,
                    0.5,
                    message="You gave this to hard attention. Which of the two has to weigh every "
                    "input, however long it is?",
                ),
                check("all", "Weights over all inputs", 0.5, 0.5),
                check("one", "Picks one", 0.5, 0.5),
            ),
        ),
        question(
            "q1_4",
            (check("answer", "Soft or hard", 1, 1),),
            answer="Soft: the softmax gives each token a weight above zero, and we can "
            "differentiate through it.",
        ),
        question("q2_1", answer=ESSAY),
        question(
            "q3_2",
            (
                check("test_small", "One query, two keys: weights and output of a small example"),
                check("test_scale", "The scores are divided by the square root of d_k"),
                check(
                    "test_row",
                    "A query that may attend to nothing gets zero weights and a zero output",
                    0,
                    1,
                    message=COUNTEREXAMPLE,
                ),
                check("test_masks", "Masks of smaller shapes broadcast", hidden=True),
                check(
                    "test_gradient",
                    "No NaN reaches a gradient where a query may attend to nothing",
                    0,
                    1,
                    hidden=True,
                    hint="A softmax over nothing but minus infinity is not a number, and replacing "
                    "it afterwards does not help its gradient. What could you fill in before?",
                ),
            ),
        ),
        question(
            "q3_3",
            (
                check("test_shapes", "Shapes, and weights that sum to 1", 1, 1),
                check(
                    "test_heads",
                    "Several heads, on random weights and inputs",
                    2,
                    2,
                    hidden=True,
                    stand_in=True,
                ),
                check(
                    "test_other_sizes",
                    "Other sizes, batches of one, single tokens",
                    0,
                    2,
                    hidden=True,
                    message="Your code raised a RuntimeError.\n"
                    "in cell 23, line 14: x = x.view(batch, n, self.num_heads, -1)",
                    hint="After a transpose a tensor is no longer contiguous.",
                ),
            ),
        ),
        question(
            "q3_6",
            (
                check("test_history", "Two lists of losses, one entry an epoch", 2, 2),
                check("test_best", "The best weights are restored and saved", 2, 2, hidden=True),
                check(
                    "test_accuracy",
                    "Accuracy on reviews that nobody has seen",
                    2.5,
                    4,
                    hidden=True,
                    message="82.4 % of the reviews are right; all points begin at 84 %.",
                    hint="Does the validation loss still fall when training stops?",
                ),
            ),
        ),
    ),
    flags=(Flag("q3_6", "accuracy on lightly perturbed reviews falls by 9 points"),),
    late_days=0,
    content_hash="c-ada",
    build_hash="b1",
    seconds=14.25,
    student_seconds=13.5,
    peak_memory_mb=612.4,
    timings={"cells": 9.5, "checks": 4.25},
)
"""Good work with some faults."""

BEN = replace(
    ADA,
    submission="ben.zip",
    student_id="10054321",
    name="Ben Müller",
    questions=(
        question("q1_1"),
        question(
            "q1_2",
            tuple(
                check(verdict.name, verdict.title, 0.5, 0.5) for verdict in ADA.questions[1].checks
            ),
        ),
        question(
            "q1_4",
            (
                check(
                    "answer",
                    "Soft or hard",
                    0,
                    1,
                    message="You answered hard. Hard "
                    "attention picks one input; look at what the softmax gives.",
                ),
            ),
        ),
        question("q2_1", answer="I would use a CNN."),
        question(
            "q3_2",
            (
                check(
                    "test_small",
                    "One query, two keys: weights and output of a small example",
                    0,
                    1,
                    message="Your code did not come back within 60 seconds.",
                ),
            ),
            status=Ending.TIMED_OUT,
            note="cell 12 ran for more than 60 seconds and was stopped",
        ),
        question("q3_3", status=Ending.GRADER_ERROR, note="KeyError in our own code"),
        question(
            "q3_6",
            status=Ending.CRASHED,
            note="in cell 31, line 4: os._exit(0)",
        ),
    ),
    flags=(),
    late_days=1.5,
    content_hash="c-ben",
)
"""Late, unlucky, and partly blank."""

BROKEN = SubmissionResult(
    submission="broken.ipynb",
    student_id="",
    name="",
    status=Ending.UNREADABLE,
    wall="bubblewrap",
    note="this is not a notebook: it begins with %PDF",
    late_days=None,
    content_hash="c-broken",
    build_hash="b1",
)

OURS = replace(
    BROKEN,
    submission="dora.ipynb",
    status=Ending.GRADER_ERROR,
    note="the sandbox could not be started",
    name="Dora Q",
    content_hash="c-dora",
)

EVERYBODY = (ADA, BEN, BROKEN, OURS)


def store_of(out: Path, *results: SubmissionResult) -> Store:
    """A store in ``out`` with the assignment and these results."""
    store = open_store(out, create=True)
    store.save_assignment(ASSIGNMENT, RUBRICS, "b1")
    for result in results:
        store.record(result)
    return store
