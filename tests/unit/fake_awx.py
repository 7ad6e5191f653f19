# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A small AWX 24: keeps objects in memory and answers what the modules of awx.awx ask, refusing what AWX's serializers refuse."""

from __future__ import annotations

import base64
import http.server
import itertools
import json
import re
import threading
import typing as t
import urllib.parse

import jinja2
import jinja2.sandbox

Json = dict[str, t.Any]

PRODUCT = {"X-API-Product-Name": "AWX", "X-API-Product-Version": "24.6.1"}
USER, PASSWORD, TOKEN = "admin", "swordfish", "a-token-of-the-fake"
ENCRYPTED = "$encrypted$"

ASKED = """scm_branch diff_mode variables limit tags skip_tags job_type verbosity inventory credential execution_environment labels
forks job_slice_count timeout instance_groups"""
ASKS = {f"ask_{what}_on_launch": False for what in ASKED.split()}
FIELDS: dict[str, Json] = {
    "organizations": {"max_hosts": 0, "default_environment": None},
    "credential_types": {"kind": "", "inputs": {}, "injectors": {}, "managed": False},
    "credentials": {"organization": None, "credential_type": None, "inputs": {}},
    "execution_environments": {"organization": None, "image": "", "credential": None, "pull": ""},
    "projects": {
        "organization": None,
        "scm_type": "",
        "scm_url": "",
        "scm_branch": "",
        "credential": None,
        "scm_update_on_launch": False,
        "scm_update_cache_timeout": 0,
        "scm_revision": "",
        "allow_override": False,
    },
    "inventories": {"organization": None, "kind": "", "host_filter": None, "variables": ""},
    "inventory_sources": {
        "inventory": None,
        "organization": None,
        "source": "",
        "source_path": "",
        "source_vars": "",
        "source_project": None,
        "credential": None,
        "execution_environment": None,
        "overwrite": False,
        "overwrite_vars": False,
        "update_on_launch": False,
        "update_cache_timeout": 0,
    },
    "notification_templates": {
        "organization": None,
        "notification_type": "",
        "notification_configuration": {},
        "messages": None,
    },
    "job_templates": {
        "organization": None,
        "project": None,
        "inventory": None,
        "playbook": "",
        "execution_environment": None,
        "forks": 0,
        "diff_mode": False,
        "job_slice_count": 1,
        "survey_enabled": False,
        "extra_vars": "",
        **ASKS,
    },
    "workflow_job_templates": {"organization": None, "survey_enabled": False, "extra_vars": ""},
    "workflow_job_template_nodes": {
        "identifier": "",
        "workflow_job_template": None,
        "unified_job_template": None,
        "success_nodes": [],
        "failure_nodes": [],
        "always_nodes": [],
    },
    "workflow_approval_templates": {"organization": None, "timeout": 0},
    "schedules": {"unified_job_template": None, "rrule": "", "enabled": True},
    "teams": {"organization": None},
    "users": {},
}
"""Kind -> fields that may be written, or are read, with their defaults; all but nodes have a name and a description, too."""

REFERENCES = {
    "organization": "organizations",
    "default_environment": "execution_environments",
    "execution_environment": "execution_environments",
    "credential": "credentials",
    "credential_type": "credential_types",
    "project": "projects",
    "source_project": "projects",
    "inventory": "inventories",
    "workflow_job_template": "workflow_job_templates",
    "unified_job_template": "unified_job_templates",
}
UNIFIED = (
    "job_templates",
    "projects",
    "inventory_sources",
    "workflow_job_templates",
    "workflow_approval_templates",
)
UNIQUE = {"credential_types": (), "execution_environments": (), "organizations": ()}
CASCADE = {
    "organization": ("projects", "inventories", "credentials", "job_templates", "workflow_job_templates"),
    "inventory": ("inventory_sources",),
    "workflow_job_template": ("workflow_job_template_nodes",),
    "unified_job_template": ("schedules",),
}
"""Field -> kinds whose objects go with what the field refers to."""
TYPES = {kind: kind.removesuffix("s") for kind in FIELDS} | {"inventories": "inventory"}
ANSWERS: dict[str, type | tuple[type, ...]] = {
    "text": str,
    "textarea": str,
    "password": str,
    "multiplechoice": str,
    "multiselect": (str, list),
    "integer": int,
    "float": (float, int),
}
"""Types of questions, with the type of a default."""


class Refused(Exception):
    """An answer with a status of 400 and above."""

    def __init__(self, status: int, body: Json) -> None:
        super().__init__(f"{status} {body}")
        self.status, self.body = status, body


def refuse(field: str, why: str) -> t.NoReturn:
    raise Refused(400, {field: [why]})


def check_survey(spec: Json) -> None:
    """What AWX's view of a survey refuses."""
    parts: dict[str, type] = {"name": str, "description": str, "spec": list}
    for field, kind in parts.items():
        if not isinstance(spec.get(field), kind):
            raise Refused(400, {"error": f"'{field}' is missing or of another type"})
    if not spec["spec"]:
        raise Refused(400, {"error": "no questions"})
    seen = set()
    for question in spec["spec"]:
        parts = {"type": str, "question_name": str, "variable": str, "required": bool}
        for field, kind in parts.items():
            if not isinstance(question.get(field), kind):
                raise Refused(400, {"error": f"{field} is missing in {question}"})
        if question["variable"] in seen or question["type"] not in ANSWERS:
            raise Refused(400, {"error": f"{question['variable']} twice, or its type unknown"})
        seen.add(question["variable"])
        if question["type"] in ("multiplechoice", "multiselect"):
            if "choices" not in question:
                raise Refused(400, {"error": f"no choices in {question}"})
            # AWX keeps no blank ones.
            question["choices"] = "\n".join(choice for choice in question["choices"].splitlines() if choice.strip())
        limits = [question.get(limit, 0) for limit in ("min", "max")]
        if any(isinstance(limit, bool) or not isinstance(limit, int) for limit in limits):
            raise Refused(400, {"error": f"a limit in {question} is no number"})
        default = question.get("default", "")
        if default != "" and not isinstance(default, ANSWERS[question["type"]]):
            raise Refused(400, {"error": f"default of another type in {question}"})


def check_credential_type(body: Json) -> None:
    """The JSON schema of inputs and injectors, and that every template can be filled."""
    allowed = {
        "id",
        "label",
        "type",
        "format",
        "choices",
        "secret",
        "multiline",
        "ask_at_runtime",
        "help_text",
        "default",
    }
    names = {}
    if set(body["inputs"]) - {"fields", "required"}:
        refuse("inputs", "unknown key")
    for field in body["inputs"].get("fields", []):
        if set(field) - allowed or not {"id", "label"} <= set(field) or field["id"] in names or field["id"] == "tower":
            refuse("inputs", f"{field} is no field")
        if not re.fullmatch(r"[a-zA-Z_]+[a-zA-Z0-9_]*", field["id"]) or field.get("type", "string") not in (
            "string",
            "boolean",
        ):
            refuse("inputs", f"{field} is no field")
        names[field["id"]] = "EXAMPLE"
    if set(body["inputs"].get("required", [])) - set(names) or set(body["injectors"]) - {"file", "env", "extra_vars"}:
        refuse("injectors", "unknown key")
    files = list(body["injectors"].get("file", {}))
    if any(not re.fullmatch(r"template(\.[a-zA-Z_]+[a-zA-Z0-9_]*)?", name) for name in files):
        refuse("injectors", "the name of a file")
    if len(files) > 1 and "template" in files:
        refuse("injectors", "several files need names")
    tower: Json = {
        "filename": {name.partition(".")[2]: "EXAMPLE" for name in files} if files != ["template"] else "EXAMPLE"
    }
    environment = jinja2.sandbox.ImmutableSandboxedEnvironment(undefined=jinja2.StrictUndefined)
    for kind, entries in body["injectors"].items():
        for name, template in entries.items():
            if kind == "env" and (name.startswith("ANSIBLE_") or name in ("PATH", "PYTHONPATH", "VIRTUAL_ENV")):
                refuse("injectors", f"{name} is not allowed")
            try:
                environment.from_string(template).render({**names, "tower": tower})
            except jinja2.TemplateError as error:
                refuse("injectors", f"{name}: {error}")


def check_rrule(rule: str) -> None:
    if len(re.findall(r"DTSTART(;[^:]+)?:[0-9]+T[0-9]+Z?", rule)) != 1 or re.search(r"DTSTART:[0-9]+T[0-9]+ ", rule):
        refuse("rrule", "one DTSTART with a time zone")
    rules = re.findall(r"RULE:[^\s]*", rule)
    if not rules or any("INTERVAL" not in one or "SECONDLY" in one for one in rules):
        refuse("rrule", "a RRULE with INTERVAL")


class FakeAwx:
    """Objects by kind and ID. `playbooks` are those that each project has; `writes` what was asked to change anything,
    `running` templates with a job that runs."""

    def __init__(self, playbooks: t.Iterable[str] = ()) -> None:
        self.playbooks = set(playbooks)
        self.objects: dict[str, dict[int, Json]] = {kind: {} for kind in FIELDS}
        self.links: dict[tuple[str, int, str], list[int]] = {}
        self.surveys: dict[tuple[str, int], Json] = {}
        self.tokens: dict[int, str] = {}
        self.writes: list[str] = []
        self.running: set[int] = set()
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def __enter__(self) -> FakeAwx:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def named(self, kind: str, name: str) -> Json:
        return next(obj for obj in self.objects[kind].values() if obj.get("name", obj.get("identifier")) == name)

    def names(self, kind: str) -> list[str]:
        return sorted(str(obj.get("name", obj.get("identifier"))) for obj in self.objects[kind].values())

    def everything(self) -> Json:
        """All that is kept, to be compared."""
        return json.loads(json.dumps([self.objects, [*self.links.items()], [*self.surveys.items()]], default=str))  # type: ignore[no-any-return]

    # -- what a request asks for ---------------------------------------------

    def answer(self, method: str, path: str, query: list[tuple[str, str]], body: Json) -> tuple[int, t.Any]:
        with self._lock:
            if path == "schedules/preview/":
                check_rrule(body["rrule"])
                return 200, {"local": [], "utc": []}
            if method != "GET" and not path.startswith("tokens/"):
                self.writes.append(f"{method} {path}")
            kind, *rest = path.strip("/").split("/")
            if kind == "me":
                return 200, {"count": 1, "results": [{"username": USER}]}
            if kind == "unified_job_templates":
                return 200, self._listed([self._shown(k, i) for k in UNIFIED for i in self.objects[k]], query)
            if kind not in FIELDS:
                raise Refused(404, {"detail": "Not found."})
            if not rest:
                if method == "POST":
                    return 201, self._shown(kind, self.create(kind, body))
                return 200, self._listed([self._shown(kind, i) for i in self.objects[kind]], query)
            number = int(rest[0])
            if number not in self.objects[kind]:
                raise Refused(404, {"detail": "Not found."})
            if len(rest) == 1:
                return self._one(method, kind, number, body)
            return self._part(method, kind, number, rest[1], query, body)

    def _one(self, method: str, kind: str, number: int, body: Json) -> tuple[int, t.Any]:
        if method == "DELETE":
            if number in self.running:
                raise Refused(409, {"detail": "Resource is being used by running jobs."})
            if kind == "credential_types" and any(
                c["credential_type"] == number for c in self.objects["credentials"].values()
            ):
                raise Refused(403, {"detail": "Credential types that are in use cannot be deleted"})
            self.delete(kind, number)
            return 204, None
        if method == "PATCH":
            self._write(kind, self.objects[kind][number], body, number)
        return 200, self._shown(kind, number)

    def _part(
        self, method: str, kind: str, number: int, part: str, query: list[tuple[str, str]], body: Json
    ) -> tuple[int, t.Any]:
        if part == "survey_spec" and kind in ("job_templates", "workflow_job_templates"):
            if method == "POST":
                check_survey(body)
                self.surveys[kind, number] = body
            elif method == "DELETE":
                self.surveys.pop((kind, number), None)
            return 200, self.surveys.get((kind, number), {}) if method == "GET" else {}
        if part == "playbooks" and kind == "projects":
            return 200, sorted(self.playbooks)
        if part == "create_approval_template" and kind == "workflow_job_template_nodes":
            made = self.create("workflow_approval_templates", body)
            self.objects[kind][number]["unified_job_template"] = made
            return 201, self._shown("workflow_approval_templates", made)
        if kind == "organizations" and part in FIELDS:
            held = [i for i, obj in self.objects[part].items() if obj.get("organization") == number]
            return 200, self._listed([self._shown(part, i) for i in held], query)
        of = self._linked(kind, part)
        linked = self.links.setdefault((kind, number, part), [])
        if method == "POST":
            self._find(of, body["id"])
            if body.get("disassociate"):
                linked.remove(body["id"])
            elif body["id"] not in linked:
                linked.append(body["id"])
            if kind == "workflow_job_template_nodes":
                self.objects[kind][number][part] = list(linked)
            return 204, None
        return 200, self._listed([self._shown(of, i) for i in linked], query)

    @staticmethod
    def _linked(kind: str, part: str) -> str:
        """The kind of what is associated, if there is such an association."""
        if kind == "workflow_job_template_nodes" and part in ("success_nodes", "failure_nodes", "always_nodes"):
            return kind
        if kind == "job_templates" and part == "credentials":
            return part
        notified = kind == "workflow_job_templates" or not part.endswith("approvals")
        if kind in UNIFIED and part.startswith("notification_templates_") and notified:
            return "notification_templates"
        raise Refused(404, {"detail": "Not found."})

    def _find(self, kind: str, number: int) -> Json:
        kinds = UNIFIED if kind == "unified_job_templates" else (kind,)
        for one in kinds:
            if number in self.objects[one]:
                return self.objects[one][number]
        refuse(kind, f"Invalid pk {number}")

    # -- objects -------------------------------------------------------------

    def create(self, kind: str, body: Json) -> int:
        named = {} if kind == "workflow_job_template_nodes" else {"name": "", "description": ""}
        obj = {**named, **json.loads(json.dumps(FIELDS[kind]))}
        number = next(self._numbers)
        self._write(kind, obj, body, number)
        self.objects[kind][number] = obj
        return number

    def _write(self, kind: str, obj: Json, body: Json, number: int) -> None:
        unknown = set(body) - set(obj) - {"type"}
        if unknown:
            refuse(sorted(unknown)[0], "is no field of this kind")
        merged = {**obj, **{key: value for key, value in body.items() if key != "type"}}
        for field, of in REFERENCES.items():
            if merged.get(field) is not None:
                self._find(of, merged[field])
        self._check(kind, merged, number)
        obj.update(merged)

    def _check(self, kind: str, obj: Json, number: int) -> None:
        if "name" in obj and not obj["name"]:
            refuse("name", "This field may not be blank.")
        scope = UNIQUE.get(kind, ("organization", "inventory", "unified_job_template"))
        for other, there in self.objects[kind].items():
            same = all(there.get(field) == obj.get(field) for field in scope)
            if (
                "name" in obj
                and kind != "workflow_approval_templates"
                and other != number
                and there["name"] == obj["name"]
                and same
            ):
                raise Refused(400, {"__all__": [f"{kind} with this name already exists."]})
        if kind == "credential_types":
            check_credential_type(obj)
        elif kind == "credentials":
            fields = self.objects["credential_types"][obj["credential_type"]]["inputs"].get("fields", [])
            if set(obj["inputs"]) - {field["id"] for field in fields}:
                refuse("inputs", "not a field of the credential's type")
        elif kind == "schedules":
            check_rrule(obj["rrule"])
        elif kind == "job_templates":
            project = self._find("projects", obj["project"])
            if obj["playbook"] not in self.playbooks:
                refuse("playbook", f"Playbook not found for project: {obj['playbook']}")
            if obj["inventory"] is None:
                refuse("inventory", "Job Template must provide 'inventory' or allow prompting for it.")
            obj["organization"] = project["organization"]
        elif kind == "inventory_sources":
            if obj["source"] == "scm" and obj["source_project"] is None:
                refuse("source_project", "Project required for scm type sources.")
            if not isinstance(obj["source_vars"], str):
                refuse("source_vars", "Not a valid string.")
            obj["organization"] = self._find("inventories", obj["inventory"])["organization"]

    def delete(self, kind: str, number: int) -> None:
        gone = self.objects[kind].pop(number, None)
        if gone is None:
            return
        if kind == "workflow_job_template_nodes":
            self.delete("workflow_approval_templates", gone["unified_job_template"])
        for key in [key for key in self.links if key[:2] == (kind, number)]:
            del self.links[key]
        self.surveys.pop((kind, number), None)
        for field, kinds in CASCADE.items():
            if kind != REFERENCES[field] and not (field == "unified_job_template" and kind in UNIFIED):
                continue
            for other in kinds:
                for held in [i for i, obj in self.objects[other].items() if obj.get(field) == number]:
                    self.delete(other, held)

    def _shown(self, kind: str, number: int) -> Json:
        obj = json.loads(json.dumps(self.objects[kind][number]))
        url = f"/api/v2/{kind}/{number}/"
        related = {"survey_spec": f"{url}survey_spec/"}
        target = obj.get("unified_job_template")
        if target is not None:
            of = next(k for k in UNIFIED if target in self.objects[k])
            related["unified_job_template"] = f"/api/v2/{of}/{target}/"
        if kind == "credentials":
            fields = self.objects["credential_types"][obj["credential_type"]]["inputs"].get("fields", [])
            secret = {field["id"] for field in fields if field.get("secret")}
            obj["inputs"] = {key: ENCRYPTED if key in secret else value for key, value in obj["inputs"].items()}
        return {**obj, "id": number, "type": TYPES[kind], "url": url, "related": related, "summary_fields": {}}

    def _listed(self, objects: list[Json], query: list[tuple[str, str]]) -> Json:
        wanted = [(key, value) for key, value in query if key not in ("page_size", "page")]
        either = [(key.removeprefix("or__"), value) for key, value in wanted if key.startswith("or__")]
        both = [(key, value) for key, value in wanted if not key.startswith("or__")]
        found = [
            obj
            for obj in objects
            if all(self._matches(obj, *one) for one in both)
            and (not either or any(self._matches(obj, *one) for one in either))
        ]
        return {"count": len(found), "next": None, "previous": None, "results": found}

    def _matches(self, obj: Json, key: str, value: str) -> bool:
        name, _underscores, rest = key.partition("__")
        if name not in obj:
            raise Refused(400, {"detail": f"{obj['type']} has no field named '{name}'"})
        here = obj[name]
        if rest == "endswith":
            return str(here).endswith(value)
        if rest:
            return here is not None and self._matches({**self._find(REFERENCES[name], here), "type": name}, rest, value)
        return str(here) == value

    # -- HTTP ----------------------------------------------------------------

    def _allowed(self, path: str, header: str) -> bool:
        basic = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if header == f"Basic {basic}":
            return True
        return header.removeprefix("Bearer ") in {TOKEN, *self.tokens.values()} and not path.startswith("tokens/")

    def _handler(self) -> type[http.server.BaseHTTPRequestHandler]:
        awx = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def _serve(self) -> None:
                parts = urllib.parse.urlsplit(self.path)
                path = parts.path.removeprefix("/api/v2/")
                raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                try:
                    if not awx._allowed(path, self.headers.get("Authorization", "")):
                        raise Refused(401, {"detail": "Authentication credentials were not provided."})
                    if path == parts.path or not path.endswith("/"):
                        raise Refused(404, {"detail": "Not found."})
                    if path.startswith("tokens/"):
                        status, answer = awx._token(self.command, path)
                    else:
                        query = urllib.parse.parse_qsl(parts.query, keep_blank_values=True)
                        status, answer = awx.answer(self.command, path, query, json.loads(raw or b"{}"))
                except Refused as refused:
                    status, answer = refused.status, refused.body
                content = b"" if answer is None else json.dumps(answer).encode()
                self.send_response(status)
                for name, value in {**PRODUCT, "Content-Type": "application/json"}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PATCH = do_DELETE = _serve

            def log_message(self, *_: object) -> None:
                """Nothing."""

        return Handler

    def _token(self, method: str, path: str) -> tuple[int, t.Any]:
        with self._lock:
            if method == "DELETE":
                self.tokens.pop(int(path.split("/")[1]), None)
                return 204, None
            number = next(self._numbers)
            self.tokens[number] = f"token-{number}"
            return 201, {"id": number, "token": self.tokens[number]}
