# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role subctl: where it takes the program from, and what it refuses."""

from __future__ import annotations

import functools
import hashlib
import http.server
import json
import os
import pathlib
import subprocess
import sys
import tarfile
import threading
import typing as t

import pytest

from tests.simulator import names

ROOT = pathlib.Path(__file__).parents[3]
PLAY = """
- hosts: localhost
  gather_facts: false
  roles: [submariner.lifecycle.subctl]
  post_tasks:
    - ansible.builtin.debug:
        msg: "uses {{ __submariner_subctl_path }} in version {{ __submariner_subctl_version }}"
"""


@pytest.fixture
def archive(tmp_path: pathlib.Path) -> pathlib.Path:
    """A release archive, with the program in the place where releases have it."""
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\necho 'subctl version: v0.19.0'\n")
    program.chmod(0o755)
    made = tmp_path / "served" / "subctl-v0.19.0-linux-amd64.tar.xz"
    made.parent.mkdir()
    with tarfile.open(made, "w:xz") as tar:
        tar.add(program, "subctl-v0.19.0/subctl-v0.19.0-linux-amd64")
    return made


@pytest.fixture
def url(archive: pathlib.Path) -> t.Iterator[str]:
    """An HTTP server that offers the archive."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class names it so
            """Keep the test output quiet."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(archive.parent)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/{archive.name}"
    server.shutdown()
    server.server_close()
    thread.join()


def run(folder: pathlib.Path, *options: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Apply the role; PATH holds no subctl but the one in `folder`/bin."""
    (folder / "play.yml").write_text(PLAY)
    values = {
        "submariner_subctl_cache": str(folder / "cache"),
        "submariner_version": "0.19.0",
        "ansible_python_interpreter": sys.executable,
        **variables,
    }
    extra = [word for name, value in values.items() for word in ("-e", f"{name}={value}")]
    program = pathlib.Path(sys.executable).parent / "ansible-playbook"
    installed = [path for path in sys.path if path.endswith("site-packages")]
    env = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": ":".join([str(ROOT / "playbooks" / "collections"), *installed]),
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_HOME": str(folder / "ansible"),
        "PATH": f"{folder / 'bin'}:/usr/bin:/bin",
    }
    return subprocess.run(
        [str(program), "-i", "localhost,", "-c", "local", *options, *extra, str(folder / "play.yml")],
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def test_downloaded_by_checksum_kept_and_taken_again(tmp_path: pathlib.Path, archive: pathlib.Path, url: str) -> None:
    kept = tmp_path / "cache" / "0.19.0" / "subctl"
    download = {
        "submariner_subctl_url": url,
        "submariner_subctl_checksum": "sha256:" + hashlib.sha256(archive.read_bytes()).hexdigest(),
    }
    check = run(tmp_path, "--check", **download)
    assert check.returncode == 0, check.stdout
    assert not kept.exists()
    first = run(tmp_path, **download)
    assert f"uses {kept} in version 0.19.0" in first.stdout
    again = run(tmp_path)
    assert f"uses {kept} in version 0.19.0" in again.stdout
    assert "changed=0" in again.stdout


def test_a_download_that_is_not_what_it_should_be_is_refused(tmp_path: pathlib.Path, url: str) -> None:
    wrong = run(tmp_path, submariner_subctl_url=url, submariner_subctl_checksum="sha256:" + "0" * 64)
    assert wrong.returncode != 0
    assert "did not match" in wrong.stdout
    assert not (tmp_path / "cache" / "0.19.0" / "subctl").exists()
    without = run(tmp_path, submariner_subctl_url=url)
    assert "submariner_subctl_checksum" in without.stdout
    assert without.returncode != 0


def test_installed_from_an_archive_on_the_controller(tmp_path: pathlib.Path, archive: pathlib.Path) -> None:
    done = run(tmp_path, submariner_subctl_file=str(archive))
    assert f"uses {tmp_path}/cache/0.19.0/subctl in version 0.19.0" in done.stdout


def test_of_no_version_a_file_is_unpacked_again_and_no_change_if_it_is_the_same(
    tmp_path: pathlib.Path, archive: pathlib.Path
) -> None:
    given = {"submariner_subctl_file": str(archive), "submariner_version": ""}
    assert "changed=2" in run(tmp_path, **given).stdout
    again = run(tmp_path, **given)
    assert f"uses {tmp_path}/cache/unversioned/subctl in version 0.19.0" in again.stdout
    assert "changed=0" in again.stdout


def test_relative_paths_count_from_where_the_run_was_started(
    tmp_path: pathlib.Path, archive: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    digits = hashlib.sha256(archive.read_bytes()).hexdigest()
    given = {"submariner_subctl_file": f"../served/{archive.name}", "submariner_subctl_cache": "kept"}
    done = run(tmp_path, **given, submariner_subctl_checksum=f"sha256:{digits}")
    assert f"uses {here}/kept/0.19.0/subctl in version 0.19.0" in done.stdout, done.stdout
    named = run(tmp_path, submariner_subctl_path="kept/0.19.0/subctl")
    assert f"uses {here}/kept/0.19.0/subctl in version 0.19.0" in named.stdout, named.stdout


@pytest.mark.parametrize("name", ["sha256", "sha512", "SHA256"])
def test_a_file_on_the_controller_is_checked(tmp_path: pathlib.Path, archive: pathlib.Path, name: str) -> None:
    digits = hashlib.new(name.lower(), archive.read_bytes()).hexdigest()
    given = {"submariner_subctl_file": str(archive)}
    wrong = run(tmp_path, **given, submariner_subctl_checksum=f"{name}:{digits[::-1]}")
    assert wrong.returncode != 0
    assert f"is not the file of submariner_subctl_checksum: it has {digits}" in " ".join(wrong.stdout.split())
    assert not (tmp_path / "cache" / "0.19.0" / "subctl").exists()
    done = run(tmp_path, **given, submariner_subctl_checksum=f"{name}:{digits.upper()}")
    assert f"uses {tmp_path}/cache/0.19.0/subctl in version 0.19.0" in done.stdout, done.stdout


@pytest.mark.parametrize("odd", ["a" * 64, "sha256:", "sha1:" + "a" * 40, "sha256:https://example.com/sums"])
def test_what_a_file_cannot_be_checked_by_is_refused(tmp_path: pathlib.Path, archive: pathlib.Path, odd: str) -> None:
    refused = run(tmp_path, submariner_subctl_file=str(archive), submariner_subctl_checksum=odd)
    assert refused.returncode != 0
    assert f"submariner_subctl_checksum is {odd}, by which" in " ".join(refused.stdout.split())
    assert not (tmp_path / "cache" / "0.19.0").exists()


@pytest.mark.parametrize("more", [{}, {"submariner_subctl_checksum": "sha256:" + "a" * 64}])
def test_a_file_that_is_not_there_is_said_so(tmp_path: pathlib.Path, more: dict[str, str]) -> None:
    for options in ([], ["--check"]):
        done = run(tmp_path, *options, submariner_subctl_file=str(tmp_path / "none"), **more)
        assert done.returncode == 2, done.stdout
        assert f"submariner_subctl_file is {tmp_path}/none, and it is not there" in " ".join(done.stdout.split())


def test_downloaded_from_a_mirror(tmp_path: pathlib.Path, archive: pathlib.Path, url: str) -> None:
    release = archive.parent / "v0.19.0"
    release.mkdir()
    system, machine = os.uname().sysname.lower(), {"x86_64": "amd64", "aarch64": "arm64"}[os.uname().machine]
    archive.rename(release / f"subctl-v0.19.0-{system}-{machine}.tar.xz")
    digest = hashlib.sha256(next(release.iterdir()).read_bytes()).hexdigest()
    mirror = url.rpartition("/")[0] + "/"
    done = run(tmp_path, submariner_subctl_mirror=mirror, submariner_subctl_checksum=f"sha256:{digest}")
    assert f"uses {tmp_path}/cache/0.19.0/subctl in version 0.19.0" in done.stdout, done.stdout


def test_an_address_may_go_on_behind_the_name(tmp_path: pathlib.Path, archive: pathlib.Path, url: str) -> None:
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    done = run(tmp_path, submariner_subctl_url=f"{url}?signed=a/b", submariner_subctl_checksum=f"sha256:{digest}")
    assert f"uses {tmp_path}/cache/0.19.0/subctl in version 0.19.0" in done.stdout, done.stdout


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({}, "uses"),
        (
            {"submariner_subctl_url": "{}-not-there"},
            "-not-there could not be downloaded: Request failed HTTP Error 404",
        ),
        (
            {"submariner_subctl_checksum": "sha256:{}-not-there"},
            "could not be downloaded: Request failed HTTP Error 404",
        ),
        ({"submariner_subctl_checksum": "{}"}, "by which a download cannot be checked"),
        ({"submariner_version": "0.20.0"}, "is version 0.19.0, submariner_version is 0.20.0"),
    ],
)
def test_the_password_of_an_address_is_never_shown(
    tmp_path: pathlib.Path, archive: pathlib.Path, url: str, wrong: dict[str, str], says: str
) -> None:
    with_login = url.replace("//", "//me:w0rd@")
    given = {
        "submariner_subctl_url": f"{with_login}?signed=w0rd",
        "submariner_subctl_checksum": "sha256:" + hashlib.sha256(archive.read_bytes()).hexdigest(),
        **{name: value.format(with_login) for name, value in wrong.items()},
    }
    done = run(tmp_path, "-vvv", **given)
    assert (done.returncode == 0) is not bool(wrong)
    assert says in " ".join(done.stdout.split())
    assert "w0rd" not in done.stdout.replace(" ".join(f"-e {n}={v}" for n, v in given.items()), "")


@pytest.mark.parametrize("where", ["file", "url"])
def test_an_archive_without_the_program_is_named(
    tmp_path: pathlib.Path, archive: pathlib.Path, url: str, where: str
) -> None:
    with tarfile.open(archive, "w:xz") as tar:
        tar.add(__file__, "README")
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    given = {"file": str(archive), "url": url}[where]
    done = run(tmp_path, **{f"submariner_subctl_{where}": given}, submariner_subctl_checksum=f"sha256:{digest}")
    assert done.returncode != 0
    said = " ".join(done.stdout.split())
    assert f"{given} is an archive without subctl. Set submariner_subctl_{where} to" in said
    assert list((tmp_path / "cache" / "0.19.0").iterdir()) == []


def test_a_program_of_another_version_never_takes_the_place(tmp_path: pathlib.Path, archive: pathlib.Path) -> None:
    """Neither what was kept before is lost, nor is there anything of the new one."""
    kept = tmp_path / "cache" / "0.20.0"
    done = run(tmp_path, submariner_subctl_file=str(archive), submariner_version="0.20.0")
    assert done.returncode != 0
    assert list(kept.iterdir()) == []


def saying(program: pathlib.Path, said: str) -> pathlib.Path:
    program.write_text(f"#!/bin/sh\necho '{said}'\n")
    program.chmod(0o755)
    return program


def test_a_kept_program_that_does_not_run_is_replaced(tmp_path: pathlib.Path, archive: pathlib.Path) -> None:
    """As one for another machine, in a home that machines share."""
    kept = tmp_path / "cache" / "0.19.0" / "subctl"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"\x7fELF of another machine")
    kept.chmod(0o755)
    refused = run(tmp_path)
    assert refused.returncode == 2, refused.stdout
    assert f"{kept} is not there or does not run" in " ".join(refused.stdout.split())
    done = run(tmp_path, submariner_subctl_file=str(archive))
    assert f"uses {kept} in version 0.19.0" in done.stdout, done.stdout


def test_a_program_may_be_downloaded_under_any_name(tmp_path: pathlib.Path, archive: pathlib.Path, url: str) -> None:
    program = saying(archive.parent / "tool-0.19", "subctl version: v0.19.0")
    digits = hashlib.sha256(program.read_bytes()).hexdigest()
    given = {"submariner_subctl_url": f"{url.rpartition('/')[0]}/tool-0.19"}
    done = run(tmp_path, **given, submariner_subctl_checksum=f"SHA256:{digits}")
    assert f"uses {tmp_path}/cache/0.19.0/subctl in version 0.19.0" in done.stdout, done.stdout


@pytest.mark.parametrize("odd", ["a" * 64, "crc32:abc", "sha256:"])
def test_what_a_download_cannot_be_checked_by_is_named(tmp_path: pathlib.Path, url: str, odd: str) -> None:
    refused = run(tmp_path, submariner_subctl_url=url, submariner_subctl_checksum=odd)
    assert refused.returncode != 0
    assert f"submariner_subctl_checksum is {odd}, by which a download cannot" in " ".join(refused.stdout.split())


@pytest.mark.parametrize(
    ("said", "observed"),
    [("subctl version: v0.20.0", "is version 0.20.0, submariner_version is 0.19.0"), ("hello", "or is not subctl")],
)
def test_what_is_not_the_wanted_program_is_named(tmp_path: pathlib.Path, said: str, observed: str) -> None:
    program = saying(tmp_path / "other", said)
    refused = run(tmp_path, submariner_subctl_file=str(program))
    assert refused.returncode != 0
    words = " ".join(refused.stdout.split())
    assert f"{program} {'is version' if 'version' in said else 'does not run on this machine'}" in words
    assert observed in words
    assert "Set submariner_subctl_file to subctl of the wanted version" in words


def test_a_build_from_source_has_no_v_before_its_version(tmp_path: pathlib.Path) -> None:
    program = saying(tmp_path / "built", "subctl version: devel")
    done = run(tmp_path, submariner_subctl_file=str(program), submariner_version="devel")
    assert f"uses {tmp_path}/cache/devel/subctl in version devel" in done.stdout, done.stdout


def test_the_program_for_this_machine_is_taken_from_an_archive_with_several(
    tmp_path: pathlib.Path, archive: pathlib.Path
) -> None:
    system, machine = os.uname().sysname.lower(), {"x86_64": "amd64", "aarch64": "arm64"}[os.uname().machine]
    with tarfile.open(archive, "w:xz") as tar:
        tar.add(__file__, "subctl-v0.19.0/subctl-v0.19.0-aix-ppc64")
        tar.add(tmp_path / "program", f"subctl-v0.19.0/subctl-v0.19.0-{system}-{machine}")
        tar.add(__file__, "subctl-v0.19.0/subctl.sha256")
    done = run(tmp_path, submariner_subctl_file=str(archive))
    assert f"uses {tmp_path}/cache/0.19.0/subctl in version 0.19.0" in done.stdout, done.stdout


def test_another_program_is_not_taken_for_subctl(tmp_path: pathlib.Path) -> None:
    refused = run(tmp_path, submariner_subctl_path=str(saying(tmp_path / "other", "hello")), submariner_version="")
    assert refused.returncode != 0
    assert "other does not say a version, so it is not subctl. Set submariner_subctl_path" in " ".join(
        refused.stdout.split()
    )


IMAGES = """
- hosts: localhost
  gather_facts: false
  tasks:
    - ansible.builtin.include_role: {name: submariner.lifecycle.subctl, tasks_from: images.yml}
    - ansible.builtin.debug:
        msg: "variables {{ submariner_mirror_variables | to_json }}"
"""


def test_the_images_to_be_mirrored(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "PLAY", IMAGES)
    listed = tmp_path / "images.txt"
    digest = "sha256:" + "a" * 64
    given = {"submariner_mirror_registry": "registry.example.com/sub/", "submariner_mirror_list": str(listed)}
    digests = json.dumps({"submariner_mirror_digests": {"nettest": digest}})
    done = run(tmp_path, "-e", digests, **given)
    assert done.returncode == 0, done.stdout
    lines = listed.read_text().splitlines()
    assert {line.split()[0] for line in lines} == {names.image(image) for image in names.IMAGES}
    assert "quay.io/submariner/nettest:0.19.0 registry.example.com/sub/nettest:0.19.0" in lines
    said = done.stdout.replace("\\", "")
    assert '"submariner_repository": "registry.example.com/sub"' in said
    assert f'"submariner-metrics-proxy": "registry.example.com/sub/nettest@{digest}"' in said
    assert "changed=0" in run(tmp_path, "-e", digests, **given).stdout
    odd = run(tmp_path, "-e", json.dumps({"submariner_mirror_digests": {"nettest": "latest"}}), **given)
    assert odd.returncode != 0
    assert "submariner_mirror_digests has nettest" in odd.stdout


def test_a_relative_list_is_written_where_the_run_was_started(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(globals(), "PLAY", IMAGES)
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    done = run(tmp_path, submariner_mirror_list="images.txt")
    assert done.returncode == 0, done.stdout
    assert "quay.io/submariner/nettest:0.19.0" in (here / "images.txt").read_text()


def test_the_program_in_path_and_one_of_another_version(tmp_path: pathlib.Path) -> None:
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "subctl"
    program.write_text("#!/bin/sh\necho 'subctl version: v0.20.0'\n")
    program.chmod(0o755)
    assert "uses subctl in version 0.20.0" in run(tmp_path, submariner_version="").stdout
    refused = run(tmp_path)
    assert refused.returncode != 0
    assert "is version 0.20.0, submariner_version is 0.19.0" in refused.stdout
    program.write_text("#!/bin/sh\necho something else\n")
    assert run(tmp_path, submariner_subctl_path=str(program)).returncode != 0


def test_a_program_that_is_not_there_names_the_variable(tmp_path: pathlib.Path) -> None:
    refused = run(tmp_path, submariner_subctl_path=str(tmp_path / "none"))
    assert refused.returncode != 0
    assert "is not there or does not run" in refused.stdout
    nothing = run(tmp_path)
    assert nothing.returncode != 0
    assert "submariner_subctl_path" in nothing.stdout


def test_a_program_that_does_not_end_is_stopped(tmp_path: pathlib.Path) -> None:
    program = tmp_path / "subctl"
    program.write_text("#!/bin/sh\nexec sleep 30\n")
    program.chmod(0o755)
    done = run(tmp_path, submariner_subctl_path=str(program), __submariner_version_timeout="1")
    assert done.returncode == 2, done.stdout
    said = ("Timed out after 1 second", "in the expected time frame (1)")  # from 2.19 on, and before
    assert any(words in done.stdout for words in said), done.stdout
