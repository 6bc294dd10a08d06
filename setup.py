"""Installs the folders `models` and `datasets` as `glass_zoo.models` and `glass_zoo.datasets`.

pyproject.toml cannot say this alone: its search for packages names each after its folder, and two packages
called `models` and `datasets` would overwrite those of other projects.
"""

from pathlib import Path

from setuptools import find_packages, setup

FOUND = find_packages(include=["models", "models.*", "datasets", "datasets.*"])
REQUIREMENTS = Path(__file__).with_name("requirements.txt").read_text(encoding="utf-8")
LIBRARY = REQUIREMENTS.partition("# LESSONS")[0]  # what the lessons and tests need, the library does not

setup(
    packages=[f"glass_zoo.{name}" for name in FOUND],
    package_dir={"glass_zoo": "."},
    install_requires=[line for line in LIBRARY.splitlines() if line and not line.startswith("#")],
)
