"""Maps the folders of the repository to the package that users install: models -> glass_zoo.models."""

from setuptools import find_packages, setup

FOUND = find_packages(include=["models", "models.*", "datasets", "datasets.*"])

setup(packages=[f"glass_zoo.{name}" for name in FOUND], package_dir={"glass_zoo": "."})
