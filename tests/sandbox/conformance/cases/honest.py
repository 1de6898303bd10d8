"""What an honest student does works behind every wall, whatever it closes."""

from __future__ import annotations

from tests.sandbox.conformance.model import LIMITS, Case, cells

ROOMY = LIMITS.model_copy(update={"cell_seconds": 60.0, "memory_mb": 1500})

HABITS = {
    "threads": """
        from concurrent.futures import ThreadPoolExecutor
        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(abs, range(-9, 0))) == list(range(9, 0, -1))
        """,
    "a command of the shell": """
        listing = !ls data
        assert list(listing) == ["public.txt"], listing
        assert subprocess.run(["cat", "data/public.txt"], capture_output=True).stdout == b"for all"
        """,
    "temporary files": """
        import shutil, tempfile
        with tempfile.TemporaryDirectory() as folder, tempfile.NamedTemporaryFile() as file:
            file.write(b"x")
            open(f"{folder}/old", "w").close()
            shutil.move(f"{folder}/old", "moved")
        os.makedirs("a/b"); os.rename("moved", "a/b/moved"); os.remove("a/b/moved")
        """,
    "a database in a file": """
        import sqlite3
        with sqlite3.connect("kept.db") as base:
            base.execute("create table t (x)")
            base.execute("insert into t values (1)")
        assert sqlite3.connect("kept.db").execute("select x from t").fetchall() == [(1,)]
        """,
    "locks on its own files": """
        import fcntl
        with open("lock", "w") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            fcntl.lockf(file, fcntl.LOCK_EX)
        """,
    "other processes": """
        import multiprocessing
        with multiprocessing.get_context("fork").Pool(2) as pool:
            assert pool.map(abs, [-1, -2]) == [1, 2]
        area = mmap.mmap(-1, 4096)
        area.write(b"x")
        """,
    "workers that load data": """
        from torch.utils.data import DataLoader
        import torch
        data = [torch.ones(1000) for _ in range(8)]
        batches = [batch.shape for batch in DataLoader(data, 4, num_workers=2)]
        assert len(batches) == 2
        """,
    "plots": """
        import matplotlib.pyplot as plt
        plt.plot([1, 2]); plt.savefig("plot.png"); plt.show()
        assert os.path.getsize("plot.png") > 1000
        """,
    "large but fair memory": """
        import torch
        hog = torch.ones(700 * 2**18)
        assert float(hog[-1]) == 1
        del hog
        """,
    "training and saving": """
        import torch
        model = torch.nn.Linear(4, 1)
        optimizer = torch.optim.Adam(model.parameters())
        for _ in range(3):
            loss = model(torch.ones(2, 4)).sum()
            optimizer.zero_grad(); loss.backward(); optimizer.step()
        torch.save(model.state_dict(), "model.pt")
        model.load_state_dict(torch.load("model.pt"))
        """,
    "warnings and progress on stderr": """
        import warnings
        warnings.warn("careful")
        for step in range(100):
            print(f"\\r{step} %", end="", file=sys.stderr, flush=True)
        """,
}

CASES = tuple(
    Case("honest", name, cells(source, limits=ROOMY), warm="torch" in source)
    for name, source in HABITS.items()
)
