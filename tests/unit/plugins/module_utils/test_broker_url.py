# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The broker's address: where it comes from, and that its certificate is the cluster's."""

from __future__ import annotations

import contextlib
import pathlib
import ssl
import subprocess
import threading
import typing as t
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from ansible_collections.submariner.lifecycle.plugins.module_utils._api import ApiFailure, connect
from ansible_collections.submariner.lifecycle.plugins.module_utils._broker_url import check_certificate, choose_url
from tests.unit.fake_api import FakeApi


class Module:
    """What these functions use of a module."""

    def __init__(self) -> None:
        self.warnings: list[str] = []
        self.params: dict[str, object] = {}
        self.no_log_values: set[str] = set()

    def warn(self, words: str) -> None:
        self.warnings.append(words)


class _Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(401)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class names it so
        """Keep the test output quiet."""


def certificate(folder: pathlib.Path, name: str) -> tuple[str, str]:
    cert, key = folder / f"{name}.crt", folder / f"{name}.key"
    what = f"req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN={name} -addext subjectAltName=IP:127.0.0.1"
    subprocess.run(
        ["openssl", *what.split(), "-keyout", str(key), "-out", str(cert)],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return str(cert), str(key)


@pytest.fixture
def https(tmp_path: pathlib.Path) -> t.Iterator[tuple[str, str]]:
    """An HTTPS server as an API server looks to a stranger: its address and its authority."""
    cert, key = certificate(tmp_path, "server")
    server = HTTPServer(("127.0.0.1", 0), _Answer)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield f"https://127.0.0.1:{server.server_address[1]}", pathlib.Path(cert).read_text()
    server.shutdown()
    server.server_close()
    thread.join()


def authority(api: FakeApi, text: str) -> None:
    name = {"name": "kube-root-ca.crt", "namespace": "kube-system"}
    api.cluster.load([{"apiVersion": "v1", "kind": "ConfigMap", "metadata": name, "data": {"ca.crt": text}}])


def client(api: FakeApi, folder: pathlib.Path) -> t.Any:
    return connect(t.cast("t.Any", None), {"kubeconfig": api.kubeconfig(folder)})


def test_the_clusters_certificate_is_accepted(api: FakeApi, tmp_path: pathlib.Path, https: tuple[str, str]) -> None:
    url, trusted = https
    authority(api, trusted)
    module = Module()
    check_certificate(t.cast("t.Any", module), client(api, tmp_path), url)
    assert module.warnings == []


def test_another_certificate_is_refused(api: FakeApi, tmp_path: pathlib.Path, https: tuple[str, str]) -> None:
    url, _trusted = https
    cert, _key = certificate(tmp_path, "stranger")
    authority(api, pathlib.Path(cert).read_text())
    with pytest.raises(ApiFailure, match="is not the cluster's"):
        check_certificate(t.cast("t.Any", Module()), client(api, tmp_path), url)


@pytest.mark.parametrize("checked", [True, False])
def test_another_certificate_is_taken_where_it_is_not_to_be_checked(
    api: FakeApi, tmp_path: pathlib.Path, https: tuple[str, str], monkeypatch: pytest.MonkeyPatch, checked: bool
) -> None:
    from ansible_collections.submariner.lifecycle.plugins.module_utils import _broker_url

    monkeypatch.setattr(_broker_url, "is_loopback", lambda _url: False)
    url, _trusted = https
    cert, _key = certificate(tmp_path, "stranger")
    authority(api, pathlib.Path(cert).read_text())
    module = Module()
    module.params["check_broker_certificate"] = checked
    with pytest.raises(ApiFailure, match="is not the cluster's") if checked else contextlib.nullcontext():
        assert choose_url(t.cast("t.Any", module), client(api, tmp_path), url) == (url, "option")


def test_an_address_that_is_silent_here_is_a_warning(api: FakeApi, tmp_path: pathlib.Path) -> None:
    module = Module()
    check_certificate(t.cast("t.Any", module), client(api, tmp_path), "https://127.0.0.1:1")
    assert "members may still reach it" in module.warnings[0]


def slice_of(address: str) -> dict[str, t.Any]:
    label = {"kubernetes.io/service-name": "kubernetes"}
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": "kubernetes", "namespace": "default", "labels": label},
        "ports": [{"name": "https", "port": 1}],
        "endpoints": [{"addresses": [address]}],
    }


def test_a_loopback_kubeconfig_gives_the_clusters_own_address(api: FakeApi, tmp_path: pathlib.Path) -> None:
    api.cluster.load([slice_of("127.0.0.9")])
    chosen = choose_url(t.cast("t.Any", Module()), client(api, tmp_path), "")
    assert chosen == ("https://127.0.0.9:1", "cluster")


def test_a_given_address_is_taken_with_or_without_its_scheme(
    api: FakeApi, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ansible_collections.submariner.lifecycle.plugins.module_utils import _broker_url

    asked: list[str] = []
    monkeypatch.setattr(_broker_url, "check_certificate", lambda _module, _api, url: asked.append(url))
    for given in ("api.example.com:6443", "https://api.example.com:6443"):
        chosen = choose_url(t.cast("t.Any", Module()), client(api, tmp_path), given)
        assert chosen == ("https://api.example.com:6443", "option")
    assert asked == ["https://api.example.com:6443"] * 2


@pytest.mark.parametrize("given", ["https://127.0.0.1:6443", "localhost:6443", "http://api.example.com"])
def test_an_address_that_no_member_can_use_is_refused(api: FakeApi, tmp_path: pathlib.Path, given: str) -> None:
    with pytest.raises(ApiFailure, match="submariner_broker_url"):
        choose_url(t.cast("t.Any", Module()), client(api, tmp_path), given)
