#!/usr/bin/python
# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: report
short_description: Make a page and a JUnit file of what a run did and found
version_added: 0.1.0
description:
  - Makes C(report.html), one page that needs nothing but itself, and C(junit.xml) of what a run has put into a folder on the
    controller, which are C(result.json) of the role P(submariner.lifecycle.verify#role), C(preflight.json) of the role
    P(submariner.lifecycle.preflight#role), and the journal of the run.
  - The journal, C(journal.jsonl), is begun by this module. From then on the modules of this collection that change, wait for
    or try something add a line each when they end, and make the report when they fail.
  - It asks no cluster, and runs on the controller whatever the host of the task is.
options:
  path:
    description: The folder on the controller. It is made when it is not there.
    type: path
    required: true
  state:
    description:
      - V(written) makes the report. Of the two documents the newest counts, and only if it belongs to the run of the journal.
      - V(begun) starts a new journal. Register its result as C(__submariner_journal) on all hosts, where the other modules
        look for it.
      - V(recorded) ties the journal to the record of the run, from the module P(submariner.lifecycle.run_record#module). The
        journal of an interrupted run, if it is in the folder, then goes on.
      - V(joined) is for a job that is a part of the run with that record. Register its result as C(__submariner_journal), too.
        Without the run's journal in the folder the result has no C(path), and nothing is added.
      - V(ended) marks in the journal that its run came to its end. Without that the report of an installation, a removal or an
        upgrade says V(unknown), whatever was judged before.
    type: str
    choices: [written, begun, recorded, joined, ended]
    default: written
  verb:
    description: With O(state=begun), what the run does, for example V(reinstall); the title of the report.
    type: str
    default: ""
  check:
    description: With O(state=begun), whether the run is in check mode; the report says so.
    type: bool
    default: false
  run:
    description: With O(state=ended), RV(run) of O(state=begun) or O(state=joined). The journal of another run is left as it is.
    type: str
    default: ""
  record:
    description: With O(state=recorded) and O(state=joined), the ID of the run that began the record.
    type: str
    default: ""
  started:
    description: With O(state=recorded), when that was, in UTC.
    type: str
    default: ""
  continued:
    description: With O(state=recorded), whether the record is that of an interrupted run.
    type: bool
    default: false
extends_documentation_fragment:
  - submariner.lifecycle._attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: partial
    details:
      - A report of the same files is the same. A journal is begun anew each time.
author:
  - submariner.lifecycle contributors (@submariner-lifecycle)
"""

EXAMPLES = r"""
- name: Start the journal of a run
  submariner.lifecycle.report:
    path: /var/reports/fleet
    state: begun
    verb: reinstall
  register: __submariner_journal
  run_once: true

- name: Make the report of what was done and found
  submariner.lifecycle.report:
    path: /var/reports/fleet
  run_once: true
"""

RETURN = r"""
report:
  description: The page.
  returned: with O(state=written)
  type: str
  sample: /var/reports/fleet/report.html
junit:
  description: The file for whatever shows test results.
  returned: with O(state=written)
  type: str
  sample: /var/reports/fleet/junit.xml
verdict:
  description:
    - The verdict that the report shows, which is that of the document. Of a run that only changes something it is V(pass) or
      V(fail), and V(unknown) of one that was broken off before its end.
  returned: with O(state=written)
  type: str
  sample: pass
earlier:
  description: Whether the journal of the interrupted run was there.
  returned: with O(state=recorded), not in check mode
  type: bool
path:
  description: The journal.
  returned: with O(state=begun), not in check mode, and O(state=joined) if the journal is there
  type: str
  sample: /var/reports/fleet/journal.jsonl
run:
  description: The ID by which documents and journal of one run are told from those of others.
  returned: with O(state=begun), not in check mode, and O(state=joined) if the journal is there
  type: str
  sample: 0f3c2a91
verb:
  description: What the run does.
  returned: with O(state=begun), not in check mode, and O(state=joined) if the journal is there
  type: str
  sample: reinstall
began:
  description: When the run began, in UTC.
  returned: with O(state=begun), not in check mode, and O(state=joined) if the journal is there
  type: str
  sample: "2026-09-21T13:33:20Z"
epoch:
  description: The same in seconds.
  returned: with O(state=begun), not in check mode, and O(state=joined) if the journal is there
  type: float
check:
  description: Whether the run is in check mode.
  returned: with O(state=begun), not in check mode, and O(state=joined) if the journal is there
  type: bool
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.submariner.lifecycle.plugins.module_utils._model import Json

ARGUMENTS: Json = {
    "path": {"type": "path", "required": True},
    "state": {"type": "str", "choices": ["written", "begun", "recorded", "joined", "ended"], "default": "written"},
    "verb": {"type": "str", "default": ""},
    "check": {"type": "bool", "default": False},
    "run": {"type": "str", "default": ""},
    "record": {"type": "str", "default": ""},
    "started": {"type": "str", "default": ""},
    "continued": {"type": "bool", "default": False},
}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    module.fail_json(
        msg="The report is made by the action plugin of this collection. Call the module by its whole name in a task."
    )


if __name__ == "__main__":
    main()
