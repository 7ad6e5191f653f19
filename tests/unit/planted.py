# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A cluster with a secret in every place where one was seen, or may be, and a search for them in what is shown to others."""

from __future__ import annotations

import base64
import json
import pathlib
import textwrap
import typing as t
from urllib.parse import quote

from tests.unit.fake_api import FakeApi, recording
from tests.unit.kubelet import Kubelet
from tests.unit.nodes import run_script

Json = dict[str, t.Any]

OPERATORS, BROKER = "submariner-operator", "submariner-k8s-broker"
GATEWAY, NODE = "submariner-gateway-6ppt2", "east-worker"
CONFIGMAPS, EVENTS, NODES, PODS, SECRETS = (("", kind) for kind in ("configmaps", "events", "nodes", "pods", "secrets"))
SUBMARINERS = ("submariner.io", "submariners")


def b64(words: str) -> str:
    return base64.b64encode(words.encode()).decode()


def wrapped(words: str, width: int = 64) -> str:
    return "\n".join(textwrap.wrap(words, width))


def jwt(subject: str) -> str:
    parts = [json.dumps({"alg": "RS256", "kid": "k"}), json.dumps({"sub": subject}), "signature-of-" + subject]
    return ".".join(base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in parts)


def pem(name: str, kind: str = "PRIVATE KEY") -> str:
    body = wrapped(b64(f"{name} 0123456789 " * 5))
    return f"-----BEGIN {kind}-----\n{body}\n-----END {kind}-----\n"


def last_line(document: str) -> str:
    """Of a PEM the line that is easiest to miss."""
    return document.strip().splitlines()[-2]


PLANTED: dict[str, str] = {
    "token in a log": jwt("log"),
    "token of a Secret": "opaque-and-readable-words",
    "password of a Secret": "correct horse battery staple",
    "client key of a kubeconfig": b64("client key data of an administrator, 0123456789"),
    "psk of the resource": b64("psk of the resource, 0123456789-0123456789"),
    "token of the resource": jwt("resource"),
    "psk in an argument": "Psk-in-argument",
    "psk as the next argument": "Psk-as-next-argument",
    "psk in the environment": "Psk-in-environment",
    "psk in an annotation": "Psk-in-annotation",
    "copy in last-applied": "word-in-last-applied",
    "password in a ConfigMap": "Hunter2-in-configmap",
    "password in a URL": "Hunter2-in-url",
    "token as the user of a URL": "ghp-token-as-user-of-url",
    "token in a query": "0123456789abcdef-in-query",
    "bearer header": "opaque.bearer-header",
    "basic header": b64("user:Hunter2-in-header"),
    "key in PEM": last_line(pem("configmap")),
    "key in PEM in a log": last_line(pem("log", "RSA PRIVATE KEY")),
    "login of a registry": b64("user:Hunter2-of-registry"),
    "password, encoded": b64("password=Hunter2-encoded"),
    "PEM, encoded and wrapped": wrapped(b64(pem("encoded"))).splitlines()[-1],
    "broker info": b64(json.dumps({"brokerURL": "https://b:6443", "psk": "Psk-of-broker-info-0123"})),
    "JSON line": "Hunter2-in-json",
    "Secret as Go prints it": "0x73, 0x65, 0x73, 0x61, 0x6d",
    "token in output of subctl": jwt("subctl"),
    "password in a file of subctl": "Hunter2-in-file",
    "password in other text of subctl": "Hunter2-in-html",
    "key in the kernel": "0x" + "8f3a" * 16,
    "password in a rule of a node": "Hunter2-on-node",
    "key in a setting of a node": "5a1c0de5-0f1e2d3c-4b5a6978-8796a5b4",
    "password in a termination message": "Hunter2-at-the-end",
    "password behind many blanks": "Hunter2-behind-blanks",
    "password before a blank": "Hunter2-before-a-blank",
    "password in a block": "Hunter2-in-a-block",
    "second line of a block": "Hunter2-on-its-second-line",
    "psk in ipsec.secrets": "Psk-in-ipsec-secrets",
    "short name of a password": "Hunter2-of-the-database",
    "short name in the environment": "Hunter2-in-mysql-pwd",
    "a number": "8273645501",
    "cookie": "session-of-the-cookie",
    "login of curl": "Hunter2-of-curl",
    "login of curl as the next argument": "Hunter2-as-next-argument",
    "signature in a query": "signature%2Bin-a-query",
    "key ID of AWS": "AKIAIOSFODNN7EXAMPLE",
    "token of GitHub": "ghp_" + "abcdefghij" * 3 + "uvwxyz",
    "token of an app of GitHub": "gho_" + "klmnopqrst" * 3 + "uvwxyz",
    "token of GitLab": "glpat-" + "abcdefghij" * 2,
    "token of Slack": "xoxb-123456789012-abcdefghijkl",
    "token of a kubeconfig in an annotation": "token-in-kubeconfig-of-annotation",
    "variable in an annotation": "variable-in-annotation",
    "variable in a manifest": "variable-in-manifest",
    "psk in a list of YAML": "Psk-in-list-of-yaml",
    "Secret in a list of subctl": b64("Secret in a list of subctl"),
    "header of Vault": "header-of-vault",
    "element of XML": "element-of-xml",
    "our own token": "token-of-the-fake",
}
"""Where it stands -> what must not be found."""

READABLE = (
    "submariner-cable-west",
    "submariner-broker-secret",
    "10.61.0.0/16",
    "quay.io/submariner",
    "still readable",
    "verdict: pass",
    "khyber-pass: connected",
)
"""What must."""


def plant(api: FakeApi, folder: pathlib.Path) -> str:
    """Load a cluster with all of them; returns the subctl that shows some."""
    words = PLANTED
    cluster = api.cluster
    cluster.load(recording("healthy-two-nodes", "east"))

    resource = cluster.get(SUBMARINERS, OPERATORS, "submariner")
    resource["spec"].update(
        ceIPSecPSK=words["psk of the resource"], brokerK8sApiServerToken=words["token of the resource"]
    )
    resource["metadata"]["annotations"] = {
        "example.org/psk": words["psk in an annotation"],
        "example.org/kubeconfig": f"users:\n- user:\n    token: {words['token of a kubeconfig in an annotation']}\n",
        "example.org/env": json.dumps([{"name": "DB_PASSWORD", "value": words["variable in an annotation"]}]),
        "kubectl.kubernetes.io/last-applied-configuration": json.dumps({"spec": {"x": words["copy in last-applied"]}}),
    }
    cluster.replace(SUBMARINERS, resource, OPERATORS, "submariner")

    pod = cluster.get(PODS, OPERATORS, GATEWAY)
    container = pod["spec"]["containers"][0]
    container["args"] = [f"--psk={words['psk in an argument']}", "--ipsec-psk", words["psk as the next argument"]]
    container["env"] = [
        {"name": "CE_IPSEC_PSK", "value": words["psk in the environment"]},
        {"name": "PROXY", "value": f"http://me:{words['password in a URL']}@proxy:3128"},
        {"name": "MYSQL_PWD", "value": words["short name in the environment"]},
    ]
    container["command"] = ["curl", "-u", f"me:{words['login of curl as the next argument']}"]
    pod["spec"]["extension"] = {"password": int(words["a number"])}
    status = pod["status"]["containerStatuses"][0]
    ended = {"exitCode": 1, "message": f"password: {words['password in a termination message']}"}
    status.update(restartCount=1, lastState={"terminated": ended})
    cluster.replace(PODS, pod, OPERATORS, GATEWAY)

    kubeconfig = f"users:\n- user:\n    client-key-data: {words['client key of a kubeconfig']}\n"
    registry = {"auths": {"registry.example": {"auth": words["login of a registry"]}}}
    data = {
        "kubeconfig": kubeconfig,
        "admin-password": words["password in a ConfigMap"],
        "key.txt": pem("configmap"),
        "config.json": json.dumps(registry),
        "encoded": words["password, encoded"],
        "wrapped": wrapped(b64(pem("encoded"))),
        "broker-info.subm": words["broker info"],
        "remote": f"https://{words['token as the user of a URL']}@git.example/x?access_token={words['token in a query']}",
        "note": "still readable",
        "database.yaml": f"user: me\npassword: |\n  {words['password in a block']}\n  {words['second line of a block']}\nnote: x\n",
        "pod.yaml": f"args:\n- --ipsec-psk\n- {words['psk in a list of YAML']}\n"
        f"env:\n- name: DB_PASSWORD\n  value: {words['variable in a manifest']}\n",
        "ipsec.secrets": f'%any : PSK "{words["psk in ipsec.secrets"]}"\n',
    }
    cluster.create(CONFIGMAPS, {"metadata": {"name": "settings"}, "data": data}, OPERATORS)
    secret = {
        "token": b64(words["token of a Secret"]),
        "word": b64(words["password of a Secret"]),
        ".dockerconfigjson": b64(json.dumps(registry)),
    }
    for namespace in (OPERATORS, BROKER):
        cluster.create(SECRETS, {"metadata": {"name": "planted"}, "data": secret}, namespace)
    message = f"mount failed with {words['token of a Secret']} at https://me:{words['password in a URL']}@registry"
    event = {"metadata": {"name": "planted"}, "message": message, "lastTimestamp": "2026-11-23T07:00:00Z"}
    cluster.create(EVENTS, event, OPERATORS)
    node = cluster.get(NODES, "", NODE)
    node["metadata"].setdefault("annotations", {})["example.org/said"] = f"it is {words['password of a Secret']}"
    cluster.replace(NODES, node, "", NODE)

    said = json.dumps({"level": "info", "token": words["JSON line"]})
    stamp = "2026-11-23T07:00:00.5Z "
    lines = [
        f"got {words['token in a log']} for it",
        f"Authorization: Bearer {words['bearer header']}",
        f"authorization: Basic {words['basic header']}",
        f"trying {words['our own token']}, {words['token of a Secret']} and {b64(words['password of a Secret'])}",
        said,
        f'Data:map[string][]uint8{{"token":[]uint8{{{words["Secret as Go prints it"]}}}}}',
        *pem("log", "RSA PRIVATE KEY").splitlines(),
        f"CE_IPSEC_PSK:      {words['password behind many blanks']}",
        f'{{"psk" : "{words["password before a blank"]}"}}',
        f"DB_PASS={words['short name of a password']}",
        f"Cookie: session={words['cookie']}",
        f"X-Vault-Token: {words['header of Vault']}",
        f"<password>{words['element of XML']}</password>",
        f"curl -u me:{words['login of curl']} https://x.example",
        f"GET https://x.example/?sv=1&sig={words['signature in a query']}&se=2",
        *(
            f"pushing as {words[name]}"
            for name in words
            if name.startswith(("key ID of", "token of Git", "token of Sl", "token of an app"))
        ),
        "verdict: pass",
        "khyber-pass: connected",
        "still readable",
    ]
    log = "".join(f"{stamp}{line}\n" for line in lines)
    name = container["name"]
    api.logs[OPERATORS, GATEWAY, name] = log
    api.previous_logs[OPERATORS, GATEWAY, name] = log
    _plant_on_the_node(api, folder)
    return _subctl(folder)


def _plant_on_the_node(api: FakeApi, folder: pathlib.Path) -> None:
    """A kubelet, and tools on the node that show what is there."""
    tools = folder / "tools"
    tools.mkdir()
    rule = f"password={PLANTED['password in a rule of a node']}"
    programs = {
        "sysctl": f'echo "net.ipv4.tcp_fastopen_key = 0-0-0-0,{PLANTED["key in a setting of a node"]}"',
        "iptables": f'echo "1 0 0 DROP all -- * * 0.0.0.0/0 0.0.0.0/0 /* {rule} */"',
        "ip": f'case "$*" in *xfrm*) echo "auth-trunc hmac(sha256) {PLANTED["key in the kernel"]} 128" ;; *) echo still ;; esac',
        "iptables-save": f'echo "*nat"; echo "-A X -m comment --comment {rule} -j DROP"',
    }
    for name, body in programs.items():
        (tools / name).write_text(f"#!/bin/sh\n{body}\n")
        (tools / name).chmod(0o755)

    def command(argv: list[str], _stdin: str) -> tuple[int, str, str]:
        (pod,) = api.cluster.objects(PODS, "submariner-lifecycle")
        environment = {item["name"]: item["value"] for item in pod["spec"]["containers"][0]["env"]}
        done = run_script(argv[2], tools, **environment)
        return done.returncode, done.stdout, done.stderr

    api.command = command
    Kubelet(api).start()


def _subctl(folder: pathlib.Path) -> str:
    env = {
        "kind": "DaemonSet",
        "spec": {"env": [{"name": "PASSWORD", "value": PLANTED["password in a file of subctl"]}]},
    }
    (folder / "file.yaml").write_text(json.dumps(env))
    secret = {"kind": "Secret", "data": {"x": PLANTED["Secret in a list of subctl"]}}
    (folder / "list.yaml").write_text(json.dumps({"kind": "List", "items": [secret]}))
    html = PLANTED["password in other text of subctl"]
    program = folder / "subctl"
    program.write_text(
        f"""#!/bin/sh
case "$1" in
  gather)
    mkdir -p "$3/east" && cp {folder}/file.yaml "$3/east/daemonsets_x_y.yaml"
    cp {folder}/list.yaml "$3/east/list.yaml"
    ln -s {folder}/kubeconfig.east "$3/east/link.yaml"
    echo "<p>password={html}</p>" > "$3/east/summary.html" ;;
  *) echo " ✓ showing {PLANTED["token in output of subctl"]}" >&2; cat "$KUBECONFIG" ;;
esac
"""
    )
    program.chmod(0o755)
    return str(program)


def found_in(shown: str) -> list[str]:
    """Which of them stand in a text, plainly or encoded in one of the usual ways."""
    flat = shown.replace("\n", "")
    return [
        where
        for where, secret in PLANTED.items()
        for form in dict.fromkeys(
            (secret, b64(secret), b64(secret).rstrip("="), quote(secret, safe=""), json.dumps(secret)[1:-1])
        )
        if form in shown or form in flat
    ]
