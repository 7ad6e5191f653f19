# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`ansible-test sanity` on a copy of the checkout, with the pinned ansible-core or another one.

    python -m tests.run.sanity --junit FILE [--core 2.16]

Every sanity test counts as one. ansible-test makes its own environments below the lab's home and keeps them.
"""

from __future__ import annotations

import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET

from tests.run.cores import PYTHON, programs
from tests.run.paths import HOME
from tests.run.tree import lay

SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

UNAVAILABLE = {
    "pslint": "needs PowerShell, which Debian does not carry; the collection has no PowerShell file",
}
"""Sanity tests whose tool cannot be installed from Debian or the Python package index."""


def offer_pip(folder: pathlib.Path, home: pathlib.Path) -> None:
    """Put our bootstrap script where ansible-test looks before it downloads one."""
    pattern = f"lib/python{PYTHON}/site-packages/ansible_test/_internal/python_requirements.py"
    text = (folder.parent / pattern).read_text()
    cache = home / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    for version in set(re.findall(r"pip(?:_version)?=[\"']([\d.]+)[\"']", text)):
        shutil.copy(pathlib.Path(__file__).with_name("get_pip.py"), cache / f"get_pip_{version.replace('.', '_')}.py")


def outcomes(output: str) -> dict[str, bool]:
    """Name of every sanity test that ran -> whether it passed."""
    ran = re.findall(r"^Running sanity test [\"'](\S+?)[\"']", output, re.MULTILINE)
    match = re.search(r"sanity test\(s\) listed below.*?\n(.*)", output, re.DOTALL)
    failed = {line.split()[0] for line in match[1].splitlines() if line.strip()} if match else set()
    return {name: name not in failed for name in dict.fromkeys(ran)}


def write_junit(path: pathlib.Path, results: dict[str, bool], code: int) -> None:
    if code and all(results.values()):
        results = {**results, "ansible-test": False}
    suite = ET.Element("testsuite", name="sanity", tests=str(len(results)))
    suite.set("failures", str(sum(not passed for passed in results.values())))
    for name, passed in results.items():
        case = ET.SubElement(suite, "testcase", classname="sanity", name=name)
        if not passed:
            ET.SubElement(case, "failure", message="see the log of this step")
    ET.ElementTree(suite).write(path, encoding="unicode")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--junit", type=pathlib.Path, required=True)
    parser.add_argument("--core", default="", help="e.g. 2.16; default: the pinned one")
    options = parser.parse_args()
    folder = programs(options.core)
    home = HOME / "sanity" / (options.core or "default")
    offer_pip(folder, home)
    root = lay(home / "tree")
    command = [str(folder / "ansible-test"), "sanity", "--color", "no", "--python", PYTHON]
    for name in UNAVAILABLE:
        command += ["--skip-test", name]
    env = {**os.environ, "HOME": str(home), "PATH": f"{folder}:{SYSTEM_PATH}"}
    process = subprocess.Popen(command, cwd=root, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    lines = []
    for line in process.stdout or ():
        print(line, end="", flush=True)
        lines.append(line)
    code = process.wait()
    for name, reason in UNAVAILABLE.items():
        print(f"not run: {name} ({reason})")
    write_junit(options.junit, outcomes("".join(lines)), code)
    return code


if __name__ == "__main__":
    sys.exit(main())
