"""Where the packages are: two lie in folders of other names, which pyproject.toml cannot search. All else is there."""

from setuptools import find_namespace_packages, setup

FOLDERS = {"perftools": "perftools", "perftools_benchmarks": "benchmarks", "perftools_recipes": "recipes"}

setup(
    package_dir=FOLDERS,
    packages=[
        ".".join(filter(None, (package, inner)))
        for package, folder in FOLDERS.items()
        for inner in ("", *find_namespace_packages(folder, exclude=["*__pycache__"]))
    ],
)
