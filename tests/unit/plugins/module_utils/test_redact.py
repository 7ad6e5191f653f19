# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets do not pass, and what is no secret stays readable."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.submariner.lifecycle.plugins.module_utils._redact import HIDDEN, hide, redact

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
        ("CE_IPSEC_PSK=sesame", "sesame"),
        ("password: hunter2", "hunter2"),
        ("client-key-data: LS0tLS1CRUdJTg==", "LS0tLS1"),
        ("https://user:hunter2@broker:6443/api", "hunter2"),
        ('Data:map[string][]uint8{"token":[]uint8{0x65, 0x79}}', "0x65"),
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


@given(st.text(), st.text(), st.binary(min_size=40, max_size=200))
def test_encoded_bytes_never_pass(before: str, after: str, secret: bytes) -> None:
    encoded = base64.b64encode(b"\x00\x10\x83\x10" + secret).decode()  # begins with ABCD: upper case, then what follows
    mixed = any(c.islower() for c in encoded) and any(c.isdigit() for c in encoded)
    assert not mixed or encoded not in redact(f"{before} {encoded} {after}")
