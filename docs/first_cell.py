# Find the project; on Colab or Kaggle, where it is missing, get and install it. Otherwise this does nothing
import subprocess
import sys
from pathlib import Path

ADDRESS = "REPOSITORY"
here = Path.cwd()
project = next((each for each in (here, *here.parents) if (each / "tutorials" / "lesson").is_dir()), None)
if not project and not any((Path(each) / "tutorials" / "lesson").is_dir() for each in sys.path):
    assert ADDRESS, "Open this notebook in the project's folder, or write its repository's address above."
    project = here / "glass-zoo"
    if not project.is_dir():
        subprocess.run(["git", "clone", "--quiet", "--depth", "1", ADDRESS, str(project)], check=True)
    needed = (project / "requirements.txt").read_text(encoding="utf-8").partition("# TESTS")[0]
    needed = [line for line in needed.splitlines() if line and not line.startswith("#")]
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", *needed], check=True)
if project:
    sys.path.insert(0, str(project))
