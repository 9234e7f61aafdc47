"""The pages in docs/derivations are what examples/written_derivations.py writes today."""

import subprocess
import sys


def test_the_pages_in_docs_are_up_to_date(repository, tmp_path):
    script = repository / "examples" / "written_derivations.py"
    subprocess.run([sys.executable, str(script), str(tmp_path)], check=True, capture_output=True)
    written = {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()}
    kept = {path.name: path.read_text(encoding="utf-8") for path in (repository / "docs" / "derivations").iterdir()}
    assert len(kept) == 5
    assert written == kept, "out of date: python examples/written_derivations.py"
