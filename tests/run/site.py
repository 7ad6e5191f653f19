# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Builds the documentation site, every warning an error: `python -m tests.run.site [folder]`.

Modules, plugins, roles and guides (docs/docsite) come through antsibull-docs, as on Ansible's own site; the tables of
docs/*.md stand beside them.
"""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
import sys

from sphinx.application import Sphinx

from tests.run.cores import programs
from tests.run.paths import HOME, ROOT
from tests.run.tree import lay

COLLECTION = "submariner.lifecycle"
CONFIGURATION = {
    "project": COLLECTION,
    "extensions": ["sphinx_antsibull_ext", "myst_parser"],
    "html_theme": "sphinx_ansible_theme",
    "html_theme_options": {"vcs_pageview_mode": "", "analytics_id": ""},
    "html_title": COLLECTION,
    "exclude_patterns": ["environment_variables.rst"],
}
# Labels of Ansible's own documentation, to which every plugin's page refers: no other site is asked while this one is built.
ELSEWHERE = {
    "action_plugins": "https://docs.ansible.com/ansible/latest/plugins/action.html",
    "common_return_values": "https://docs.ansible.com/ansible/latest/reference_appendices/common_return_values.html",
    "ansible_collections.community.okd.k8s_auth_module": (
        "https://docs.ansible.com/ansible/latest/collections/community/okd/k8s_auth_module.html"
    ),
}
TABLES = """
.. toctree::
   :maxdepth: 1
   :caption: Tables

"""


def write_sources(folder: pathlib.Path, tree: pathlib.Path) -> None:
    """What Sphinx reads: one page for each plugin, role and guide, and the tables."""
    env = {
        **os.environ,
        # ansible-doc of an environment that has no other collections than those of the tree
        "PATH": f"{programs()}:{os.environ['PATH']}",
        "ANSIBLE_COLLECTIONS_PATH": str(tree),
    }
    options = ["--use-current", "--squash-hierarchy", "--fail-on-error", "--dest-dir", str(folder)]
    subprocess.run(["antsibull-docs", "collection", *options, COLLECTION], env=env, check=True)
    pages = sorted((ROOT / "docs").glob("*.md"))
    for page in (*pages, *sorted((ROOT / "docs").glob("*.yml"))):
        shutil.copy2(page, folder)
    with (folder / "index.rst").open("a") as index:
        index.write(TABLES + "".join(f"   {page.stem}\n" for page in pages))
    parts = [f".. _{label}:\n\n{address}\n{'-' * len(address)}\n" for label, address in ELSEWHERE.items()]
    kubeconfig = ".. envvar:: K8S_AUTH_KUBECONFIG\n\n   The kubeconfig, for every module of kubernetes.core.\n"
    (folder / "elsewhere.rst").write_text("\n".join([":orphan:\n\nElsewhere\n=========\n", *parts, kubeconfig]))


def main(arguments: list[str]) -> int:
    work = HOME / "docs"
    site = pathlib.Path(arguments[0]) if arguments else work / "site"
    tree = work / "tree"
    sources = work / "sources"
    lay(tree)
    for folder in (sources, site):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    write_sources(sources, tree)
    sphinx = Sphinx(
        sources,
        None,
        site,
        work / "doctrees",
        "html",
        confoverrides=CONFIGURATION,
        freshenv=True,
        warningiserror=True,
        exception_on_warning=False,
    )
    sphinx.build()
    if not sphinx.statuscode:
        print(f"the site: {site / 'index.html'}")
    return sphinx.statuscode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
