# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets do not pass, and what is no secret stays readable."""

from __future__ import annotations

import base64
import json
import time
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.submariner.lifecycle.plugins.module_utils._redact import (
    HIDDEN,
    hide,
    redact,
    redact_object,
    secrets_in,
)

JWT = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJrdWJlcm5ldGVzIn0.c2lnbmF0dXJl"
PEM = "-----BEGIN CERTIFICATE-----\nMIIC5zCCAc+gAwIBAgIB\nADANBgkqhkiG9w0BAQ==\n-----END CERTIFICATE-----"


@pytest.mark.parametrize(
    ("words", "secret"),
    [
        (f"got {JWT} from it", JWT),
        (f"Authorization: Bearer {JWT}", JWT),
        ("header Bearer opaque-token-1", "opaque-token-1"),
        (f"ca: {PEM} end", "MIIC5zCCAc"),
        (PEM.replace("\n", "\\n")[:60], "MIIC5zCCAc"),
        ('SubmarinerSpecification{Token:"sesame", Debug:false}', "sesame"),
        ('{"level":"info","token":"sesame"}', "sesame"),
        ('said {\\"psk\\":\\"sesame\\"}', "sesame"),
        ("ceIPSecPSK: sesame", "sesame"),
        ("preshared key: sesame", "sesame"),
        ("AccountKey=sesame==;EndpointSuffix=x", "sesame"),
        ("Authorization: token open-sesame", "open-sesame"),
        ('Authorization: Digest username="x", response="0123abcd"', "0123abcd"),
        ("CE_IPSEC_PSK=sesame", "sesame"),
        ("password: hunter2", "hunter2"),
        ("client-key-data: LS0tLS1CRUdJTg==", "LS0tLS1"),
        ("https://user:hunter2@broker:6443/api", "hunter2"),
        ("https://user:hunter2@with-at@broker:6443/api", "with-at"),
        ("https://only-a-token@git.example/x", "only-a-token"),
        ("https://x.example/?access_token=0123456789ab", "0123456789ab"),
        ("subctl join --ipsec-psk sesame west", "sesame"),
        ('["--token", "sesame-words"]', "sesame-words"),
        ("auth-trunc hmac(sha256) 0x0123456789abcdef0123 128", "0x0123456789abcdef0123"),
        ('{"auths":{"registry.example":{"auth":"dXNlcjpw"}}}', "dXNlcjpw"),
        ("x: " + base64.b64encode(b"password=sesame").decode(), base64.b64encode(b"password=sesame").decode()),
        ('Data:map[string][]uint8{"token":[]uint8{0x65, 0x79}}', "0x65"),
        ("CE_IPSEC_PSK:      sesame", "sesame"),
        ("password \t = sesame", "sesame"),
        ('"psk" : "sesame"', "sesame"),
        ("password: |\n  open\n  sesame", "sesame"),
        ("db:\n  api-key: >-\n      open\n\n      sesame\n  x: 1", "sesame"),
        ('%any : PSK "sesame"', "sesame"),
        (": PSK 0sc2VzYW1l", "c2VzYW1l"),
        ("DB_PASS=sesame", "sesame"),
        ("dbPwd: sesame", "sesame"),
        ("mysql --db-pass sesame", "sesame"),
        ("Cookie: a=b; session=sesame", "sesame"),
        ('"set-cookie": "session=sesame"', "sesame"),
        ("curl -s -u me:sesame https://x.example", "sesame"),
        ('["curl","--user","me:sesame"]', "sesame"),
        ("https://x.example/?sig=sesame&a=1", "sesame"),
        ("id AKIAIOSFODNN7EXAMPLE.", "IOSFODNN7"),
        ("ghp_" + "0a" * 18, "0a0a"),
        ("glpat-" + "0a" * 10, "0a0a"),
        ("xoxb-0123456789-0a0a", "0a0a"),
        ("AIza" + "0aB-_" * 7, "0aB-_"),
        ("hvs." + "0aB-_" * 5, "0aB-_"),
        ("ENCRYPTION_KEY=sesame", "sesame"),
        ("sshpass -p sesame ssh me@node", "sesame"),
        ('["sshpass", "-p", "sesame", "ssh"]', "sesame"),
        ("sshpass -psesame ssh me@node", "sesame"),
        ("mysql -uroot -psesame db", "sesame"),
        ("mysqldump --all-databases -p'sesame'", "sesame"),
        ("docker login -u me -p sesame quay.io", "sesame"),
        ("redis-cli -h db -a sesame ping", "sesame"),
        ("ldapsearch -x -D cn=me -w sesame", "sesame"),
        ("skopeo copy --src-creds me:sesame a b", "sesame"),
        ("openssl enc -pass pass:sesame", "sesame"),
        ("root:$6$salt$" + "0aB./" * 17, "0aB"),
        ("me:$apr1$salt$0aB./0aB./0aB./0aB./01", "0aB"),
        ("sha256~" + "0aB-_" * 8, "0aB"),
        ("https://hooks.slack.com/services/T0/B0/0aB0aB0aB", "0aB"),
        ("eyJhbGciOiJSUzI1NiIs\n  ImtpZCI6.eyJzdWIi\n  Oi.c2ln\nwhat comes then", "c2ln"),
        ("eyJhbGciOiJSUzI1NiIs\\nImtpZCI6.eyJzdWIi\\nOi.c2ln", "c2ln"),
        ("machine git.example\n  login me\n  password sesame", "sesame"),
        ("psk 0123456789abcdef0123456789abcdef", "0123456789abcdef"),
        ("key: 0123456789abcdef0123456789abcdef", "0123456789abcdef"),
        ("shared secret: sesame", "sesame"),
        ("clientSecret: sesame", "sesame"),
        ("bindpw=sesame", "sesame"),
        ('password="open \\"sesame\\" and more"', "sesame"),
        ("users:\n- name: a\n  user:\n    token: open-sesame\n", "sesame"),
        ("- token: open-sesame", "sesame"),
        ('{\\"token\\": \\"open-sesame\\"}', "sesame"),
        ("X-Vault-Token: open-sesame", "sesame"),
        ("curl -H 'PRIVATE-TOKEN: sesame' x", "sesame"),
        ("<password>sesame</password>", "sesame"),
        ("kubeadm join --control-plane --certificate-key opensesame", "opensesame"),
        ('["--certificate-key", "' + "0f" * 32 + '"]', "0f0f"),
        ("certificateKey: " + "0f" * 32, "0f0f"),
        ("Password is opensesame1", "opensesame1"),
        ("The password for admin was set. Its password is now: 'open5esame'.", "open5esame"),
        ("the psk was changed to open5esame", "open5esame"),
        ("args:\n- --token\n- open-sesame\n", "sesame"),
        (json.dumps({"args": ["--ipsec-psk", "sesame"]}, indent=4), "sesame"),
        ("env:\n  - name: DB_PASSWORD\n    value: open-sesame", "sesame"),
        (json.dumps([{"name": "DB_PASSWORD", "value": "sesame"}]), "sesame"),
        (json.dumps([{"name": "DB_PASSWORD", "value": "sesame"}], indent=2), "sesame"),
        (json.dumps(json.dumps([{"name": "DB_PASSWORD", "value": "sesame"}])), "sesame"),
        ("{Name:CE_IPSEC_PSK Value:sesame ValueFrom:nil}", "sesame"),
        ('EnvVar{Name:"CE_IPSEC_PSK",Value:"sesame",ValueFrom:nil}', "sesame"),
        (base64.b64encode(bytes(range(48))).decode(), base64.b64encode(bytes(range(9))).decode()),
    ],
)
def test_secrets_are_hidden(words: str, secret: str) -> None:
    assert secret in words
    assert secret not in redact(words)
    assert HIDDEN in redact(words)


@pytest.mark.parametrize(
    "words",
    [
        "error retrieving the token: Unauthorized",
        'secrets "submariner-broker-secret" not found',
        "tls: failed to verify certificate: x509: certificate signed by unknown authority",
        "Pod submariner-operator/submariner-lighthouse-coredns-7498b8d49-c72l6 at /var/log/pods/submariner-operator",
        "image sha256:e3f3e56b57fe22371cdcf885315804f67663006ee3f3e56b57fe22371cdcf885",
        'Get "https://172.18.0.3:6443/apis/submariner.io/v1/namespaces/submariner-k8s-broker/clusters": i/o timeout',
        "verdict: pass",
        '{"verdict":"pass"}',
        "12 passed, pass: 3, bypass: true, khyber-pass: connected",
        "PWD=/home/me OLDPWD=/srv SSH_ASKPASS=/usr/bin/askpass",
        "podman run -u 1000:1000 --user submariner x",
        "token :   of nobody",
        "env:\n- name: BROKER_K8S_SECRET\n  value: submariner-broker-secret\n- name: CLUSTER\n  value: west",
        "args:\n- --v=2\n- gateway",
        "failed to load private key: open /run/key: no such file",
        "error retrieving the token: Unauthorized\nnext",
        "password is wrong, password was not set, Password is 'expired'",
        "the password is base64-encoded, its password was 12-characters long; the password is 90 days old",
        "certificate key is not there; --tls-private-key-file /etc/kubernetes/pki/apiserver.key",
        'unknown config annotation "gateway.submariner.io/udp" on node "west-worker"',
    ],
)
def test_the_rest_stays(words: str) -> None:
    assert redact(words) == words


def test_known_secrets_are_hidden_whatever_they_look_like() -> None:
    assert redact("the word is plain-words", ["plain-words"]) == f"the word is {HIDDEN}"
    assert hide("abcdefgh abcdef", ["abcdef", "abcdefgh"]) == f"{HIDDEN} {HIDDEN}"
    assert hide("a b c", ["a", ""]) == "a b c"
    assert hide("abc", ["abc"]) == "abc"


def test_a_cut_key_does_not_take_the_rest_with_it() -> None:
    assert redact("-----BEGIN PRIVATE KEY-----\nMIIC5zCC\n. and the rest") == f"{HIDDEN}. and the rest"


def test_the_short_last_line_of_what_is_wrapped_goes_too() -> None:
    encoded = base64.encodebytes(bytes(range(1, 90)) * 2).decode()
    last = encoded.split()[-1]
    assert len(last) < 40
    assert last not in redact(f"data:\n{encoded}\nand the rest")
    assert redact(f"data:\n{encoded}\nand the rest").endswith("\nand the rest")


def test_objects_are_looked_at_field_by_field() -> None:
    pod = {
        "kind": "Pod",
        "metadata": {"annotations": {"kubectl.kubernetes.io/last-applied-configuration": "all", "x/psk": "sesame"}},
        "spec": {
            "automountServiceAccountToken": False,
            "imagePullSecrets": [{"name": "pull"}],
            "containers": [
                {
                    "args": ["--ipsec-psk", "sesame", "--v=2"],
                    "env": [
                        {"name": "PSK", "value": "sesame"},
                        {"name": "BROKER_K8S_SECRET", "value": "broker-secret"},
                    ],
                }
            ],
            "volumes": [{"secret": {"secretName": "broker-secret"}}],
        },
    }
    shown = redact_object(pod)
    assert shown["metadata"]["annotations"] == {
        "kubectl.kubernetes.io/last-applied-configuration": HIDDEN,
        "x/psk": HIDDEN,
    }
    container = shown["spec"]["containers"][0]
    assert container["args"] == ["--ipsec-psk", HIDDEN, "--v=2"]
    assert [entry["value"] for entry in container["env"]] == [HIDDEN, "broker-secret"]
    assert shown["spec"]["imagePullSecrets"] == [{"name": "pull"}]
    assert shown["spec"]["volumes"] == [{"secret": {"secretName": "broker-secret"}}]
    assert shown["spec"]["automountServiceAccountToken"] is False


def test_arguments_of_programs_are_looked_at_together() -> None:
    secret = [
        ["mysql", "-uroot", "-psesame", "db"],
        ["oc", "login", "-u", "me", "-p", "sesame"],
        ["sshpass", "-p", "sesame"],
    ]
    shown = [
        ["mysql", "-uroot", HIDDEN, "db"],
        ["oc", "login", "-u", "me", "-p", HIDDEN],
        ["sshpass", "-p", HIDDEN],
    ]
    assert redact_object(secret) == shown
    plain = [["docker", "run", "-p", "8080:80"], ["ssh", "-p", "2222"], ["mysql", "-p"], ["mysqld", "-port"]]
    assert redact_object(plain) == plain


def test_of_a_secret_the_names_of_its_keys_stay() -> None:
    secret = {"kind": "Secret", "type": "Opaque", "data": {"psk": "c2VzYW1lLXdvcmRz"}, "stringData": {"x": "sesame"}}
    assert redact_object(secret) == {
        "kind": "Secret",
        "type": "Opaque",
        "data": {"psk": HIDDEN},
        "stringData": {"x": HIDDEN},
    }
    inside = redact_object({"kind": "List", "items": [secret]})
    assert inside["items"] == [redact_object(secret)]
    assert {"sesame-words", "c2VzYW1lLXdvcmRz", "sesame"} <= set(secrets_in(secret))
    assert secrets_in({"data": {"namespace": "c3VibWFyaW5lcg==", "odd": 7, "bad": "%"}}) == ["%"]


@pytest.mark.parametrize(
    "items", [[{"data": {"x": "c2VzYW1lLXdvcmRz"}}], [{"kind": "Secret", "stringData": {"x": "sesame"}}]]
)
def test_a_list_of_secrets_shows_none(items: list[t.Any]) -> None:
    shown = redact_object({"kind": "SecretList", "items": items})
    assert [list(entry[next(k for k in entry if "ata" in k)].values()) for entry in shown["items"]] == [[HIDDEN]]


@pytest.mark.parametrize("indent", [None, 2])
def test_a_manifest_of_a_secret_as_text_shows_none(indent: int | None) -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "data": {"x": "c2VzYW1l"}, "stringData": {"y": "sesame-words"}}
    as_yaml = "a: 1\n---\nkind: Secret\ndata:\n  x: c2VzYW1l\nstringData:\n    y: |\n      sesame-words\ntype: Opaque\n"
    as_json = json.dumps(secret, indent=indent)
    for words in (as_yaml, as_json, json.dumps(as_json)):
        shown = json.dumps(redact_object({"kind": "ConfigMap", "data": {"manifest": words}}))
        assert "c2VzYW1l" not in shown
        assert "sesame" not in shown
    assert "type: Opaque" in redact(as_yaml)
    other = "kind: ConfigMap\ndata:\n  x: c2VzYW1l\n"
    assert redact(other) == other


def test_numbers_under_the_name_of_a_secret_are_hidden() -> None:
    shown = redact_object({"password": 12345678, "psk": True, "port": 4500, "env": [{"name": "DB_PASS", "value": 1.5}]})
    assert shown == {"password": HIDDEN, "psk": True, "port": 4500, "env": [{"name": "DB_PASS", "value": HIDDEN}]}


def test_a_block_ends_where_it_is_indented_less() -> None:
    assert redact("db:\n  password: |\n    a\n\n     b\n  port: 1") == f"db:\n  password: |\n    {HIDDEN}\n  port: 1"


@pytest.mark.parametrize(
    "piece",
    [
        "password",
        "password" + " " * 39,
        "a_pass",
        "password: |\n  ",
        "-u ",
        "-u " + "a" * 99,
        'PSK "',
        "Cookie: ",
        "&sig=",
        "--",
        "--token\n",
        "name: password",
        "name: token\n" + " " * 99,
        "token: ",
        "x-token",
        "<password>",
        "kind: Secret\ndata:\n  ",
        'kind: Secret "data": {',
        "sshpass -p ",
        "login ",
        "mysql -p ",
        "eyJhbGciOi\n",
        "$6$",
        "login a password",
        "password is ",
        "password was set to ",
        "key: 0123456789abcdef",
    ],
)
def test_it_takes_no_longer_than_the_text_is_long(piece: str) -> None:
    """In seconds what would take hours if each place were looked at from every other one."""
    begin = time.process_time()
    redact(piece * (400_000 // len(piece)))
    assert time.process_time() - begin < 20


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)


@given(JSON, st.text(alphabet="abcdefgh", min_size=8, max_size=12))
def test_a_known_secret_is_nowhere_in_any_object(body: t.Any, secret: str) -> None:
    shown = redact_object({"x": body, secret: [f"a {secret} b"], "kind": "X"}, [secret])
    assert secret not in json.dumps(shown)


@given(st.text(), st.text(), st.binary(min_size=40, max_size=200))
def test_encoded_bytes_never_pass(before: str, after: str, secret: bytes) -> None:
    encoded = base64.b64encode(b"\x00\x10\x83\x10" + secret).decode()  # begins with ABCD: upper case, then what follows
    mixed = any(c.islower() for c in encoded) and any(c.isdigit() for c in encoded)
    assert not mixed or encoded not in redact(f"{before} {encoded} {after}")
