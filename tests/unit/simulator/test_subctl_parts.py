# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pure parts of the simulated subctl."""

from __future__ import annotations

import base64
import ipaddress
import json
import os
import pathlib
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.simulator.subctl import brokerinfo, cidrs, contexts, discovery, join, rbac
from tests.simulator.subctl.brokerinfo import BrokerInfo
from tests.simulator.subctl.flags import Flag, UsageError, Values, parse
from tests.simulator.subctl.resources import Installation, service_discovery, submariner
from tests.simulator.subctl.tables import Column, Table

FLAGS = (
    Flag("yes", "bool", short="y"),
    Flag("natt", "bool", True),
    Flag("nattport", "int", 4500),
    Flag("size", "uint"),
    Flag("components", "list", ["a", "b"]),
    Flag("context"),
)
DATA = {
    key: base64.b64encode(value).decode() for key, value in (("token", b"t"), ("namespace", b"ns"), ("ca.crt", b"c"))
}


def info(**changes: t.Any) -> BrokerInfo:
    values: dict[str, t.Any] = {
        "url": "https://172.31.2.3:6443",
        "client_token": {"metadata": {"name": "admin-token"}, "data": DATA},
        "psk": b"\x00secret",
        "components": ["service-discovery", "connectivity"],
        "service_discovery": True,
    }
    return BrokerInfo(**{**values, **changes})


class TestFlags:
    def test_defaults(self) -> None:
        values = parse(FLAGS, [])
        assert (values.on("yes"), values.on("natt"), values.number("nattport")) == (False, True, 4500)
        assert values.items("components") == ["a", "b"]

    def test_every_form(self) -> None:
        values = parse(FLAGS, ["-y", "--natt=false", "--nattport", "-1", "file", "--context=west", "--size=7"])
        assert values.on("yes")
        assert not values.on("natt")
        assert (values.number("nattport"), values.number("size"), values.text("context")) == (-1, 7, "west")
        assert values.arguments == ["file"]

    def test_a_list_replaces_its_default_and_grows(self) -> None:
        assert parse(FLAGS, ["--components", "x,y", "--components=z"]).items("components") == ["x", "y", "z"]

    def test_after_two_dashes_all_are_arguments(self) -> None:
        assert parse(FLAGS, ["--", "--yes"]).arguments == ["--yes"]

    @pytest.mark.parametrize(
        ("argv", "message"),
        [
            (["--no"], "unknown flag: --no"),
            (["-z"], "unknown shorthand flag: 'z' in -z"),
            (["--context"], "flag needs an argument: --context"),
            (["--nattport=x"], 'invalid argument "x" for "--nattport" flag'),
            (["--size=-1"], 'invalid argument "-1" for "--size" flag'),
            (["-y=maybe"], 'invalid argument "maybe" for "-y, --yes" flag'),
        ],
    )
    def test_what_is_wrong_is_named(self, argv: list[str], message: str) -> None:
        with pytest.raises(UsageError, match=message.replace("'", ".")):
            parse(FLAGS, argv)


class TestBrokerInfo:
    def test_what_is_written_is_read(self, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        brokerinfo.write(info(custom_domains=["example.org"]))
        assert oct(os.stat(brokerinfo.FILE_NAME).st_mode)[-3:] == "600"
        read = brokerinfo.read(brokerinfo.FILE_NAME)
        assert read == info(components=["connectivity", "service-discovery"], custom_domains=["example.org"])
        assert read.token_part("namespace") == b"ns"

    def test_the_keys_are_go_names(self) -> None:
        body = json.loads(base64.urlsafe_b64decode(brokerinfo.encode(info())))
        assert list(body) == ["brokerURL", "ClientToken", "IPSecPSK", "ServiceDiscovery", "Components", "CustomDomains"]
        assert body["CustomDomains"] is None

    def test_the_case_of_keys_does_not_matter(self) -> None:
        body = json.loads(base64.urlsafe_b64decode(brokerinfo.encode(info())))
        shouted = {key.upper(): value for key, value in body.items()}
        text = base64.urlsafe_b64encode(json.dumps(shouted).encode()).decode()
        assert brokerinfo.decode(text).url == "https://172.31.2.3:6443"

    @pytest.mark.parametrize("text", ["", "%%%", "Zm9v", base64.urlsafe_b64encode(b"[1]").decode()])
    def test_rubbish_is_an_error_in_words(self, text: str) -> None:
        with pytest.raises(ValueError, match=r"error (decoding|unmarshalling) data"):
            brokerinfo.decode(text)

    def test_an_older_file_is_kept(self, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        assert brokerinfo.back_up() == ""
        brokerinfo.write(info())
        backup = brokerinfo.back_up()
        assert backup.startswith("broker-info.subm.20")
        assert ":" not in backup
        assert [path.name for path in tmp_path.iterdir()] == [backup]


class TestAllocation:
    def test_parts_follow_each_other(self) -> None:
        pool = cidrs.Pool("243.0.0.0/8", 4096, {"east": ["243.0.0.0/20"]})
        assert cidrs.allocate(pool) == "243.0.16.0/20"

    def test_a_gap_is_used(self) -> None:
        pool = cidrs.Pool("242.0.0.0/8", 65536, {"a": ["242.0.0.0/16"], "c": ["242.2.0.0/16"]})
        assert cidrs.allocate(pool) == "242.1.0.0/16"

    def test_a_small_part_takes_its_whole_block(self) -> None:
        assert cidrs.allocate(cidrs.Pool("242.0.0.0/8", 65536, {"a": ["242.0.7.0/24"]})) == "242.1.0.0/16"

    def test_a_full_range_is_said(self) -> None:
        pool = cidrs.Pool("242.0.0.0/15", 65536, {"a": ["242.0.0.0/16"], "b": ["242.1.0.0/16"]})
        with pytest.raises(ValueError, match="no more allocations"):
            cidrs.allocate(pool)

    @given(st.lists(st.integers(min_value=1, max_value=12), max_size=20))
    def test_parts_never_overlap(self, exponents: list[int]) -> None:
        pool = cidrs.Pool("10.0.0.0/16", 0)
        for number, exponent in enumerate(exponents):
            pool.size = 1 << exponent
            try:
                pool.clusters[str(number)] = [cidrs.allocate(pool)]
            except ValueError:
                break
        parts = [ipaddress.IPv4Network(part) for (part,) in pool.clusters.values()]
        assert all(part.subnet_of(ipaddress.IPv4Network(pool.cidr)) for part in parts)
        assert not any(a.overlaps(b) for index, a in enumerate(parts) for b in parts[index + 1 :])

    @pytest.mark.parametrize(("size", "rounded"), [(1, 1), (3, 4), (65536, 65536), (65537, 131072)])
    def test_sizes_are_powers_of_two(self, size: int, rounded: int) -> None:
        assert cidrs.valid_size("242.0.0.0/8", size) == rounded

    @pytest.mark.parametrize("size", [0, 1 << 24])
    def test_impossible_sizes_are_refused(self, size: int) -> None:
        with pytest.raises(ValueError, match="cluster size"):
            cidrs.valid_size("242.0.0.0/8", size)

    @pytest.mark.parametrize("cidr", ["", "10.0.0.0", "0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "fd00::/64", "x/8"])
    def test_unusable_ranges_are_refused(self, cidr: str) -> None:
        with pytest.raises(ValueError, match=r"CIDR|can't be|IPv4"):
            cidrs.check(cidr)

    def test_the_overlapping_owner_is_named(self) -> None:
        pool = cidrs.Pool("242.0.0.0/8", 65536, {"east": ["242.0.0.0/16"]})
        assert cidrs.overlapping(pool, "242.0.128.0/17", "west") == "east"
        assert cidrs.overlapping(pool, "242.0.128.0/17", "east") == ""

    def test_the_configmap_looks_as_recorded(self) -> None:
        data = cidrs.with_cluster({}, "east", "243.0.0.0/20")
        assert data["clusterinfo"] == (
            '[\n\t{\n\t\t"cluster_id": "east",\n\t\t"global_cidr": [\n\t\t\t"243.0.0.0/20"\n\t\t]\n\t}\n]'
        )
        assert cidrs.clusters(data) == {"east": ["243.0.0.0/20"]}


class TestTables:
    def test_the_recorded_layout(self) -> None:
        table = Table((Column("GATEWAY", 30), Column("NAT"), Column("SUBNETS", 40), Column("RTT avg.")))
        table.add("b-node", False, ["10.23.0.0/16", "10.22.0.0/16"], "264.427µs")
        # The width counts bytes, and µ has two.
        assert str(table) == (
            "GATEWAY   NAT   SUBNETS                      RTT avg.     \n"
            "b-node    no    10.23.0.0/16, 10.22.0.0/16   264.427µs    \n"
        )

    def test_long_cells_are_cut(self) -> None:
        table = Table((Column("NAME", 6),))
        table.add("submariner")
        assert str(table) == "NAME     \nsubmar   \n"

    def test_no_rows_print_nothing(self) -> None:
        assert str(Table((Column("NAME"),))) == ""


class TestNames:
    @pytest.mark.parametrize(
        ("name", "cluster_id"),
        [("kind-West", "kind-west"), ("api.ocp:6443", "api-ocp-6443"), (".x.", "0x0"), ("a", "a")],
    )
    def test_an_id_is_made_of_the_clusters_name(self, name: str, cluster_id: str) -> None:
        assert join.sanitized(name) == cluster_id
        assert join.valid_id(cluster_id)

    @pytest.mark.parametrize("cluster_id", ["", "-a", "a-", "A", "a.b", "x" * 64])
    def test_bad_ids(self, cluster_id: str) -> None:
        assert not join.valid_id(cluster_id)

    @pytest.mark.parametrize(
        ("deployed", "newer"),
        [("0.19.0", False), ("0.20.0", True), ("0.19.1", True), ("0.18.3", False), ("devel", False), ("", False)],
    )
    def test_a_newer_installation_is_noticed(self, deployed: str, newer: bool) -> None:
        assert contexts.newer(deployed, "v0.19.0") is newer

    def test_a_release_is_newer_than_its_candidate(self) -> None:
        assert contexts.newer("0.19.0", "v0.19.0-rc1")
        assert not contexts.newer("0.19.0-rc1", "v0.19.0")

    @pytest.mark.parametrize(
        ("text", "value"), [("0", None), ("10s", 10.0), ("1m30s", 90.0), ("500ms", 0.5), ("5", 5.0)]
    )
    def test_durations(self, text: str, value: float | None) -> None:
        assert contexts.seconds(text) == value

    def test_parameters_of_a_command(self) -> None:
        pod = {
            "spec": {"containers": [{"command": ["sh", "-c", "exec apiserver --cidr=10.0.0.0/16"], "args": ["--x=1"]}]}
        }
        assert discovery.parameter(pod, "--cidr") == "10.0.0.0/16"
        assert discovery.parameter(pod, "--x") == "1"
        assert discovery.parameter(pod, "--y") == ""

    def test_rules(self) -> None:
        assert rbac.rule("core apps | pods | get list | one") == {
            "apiGroups": ["", "apps"],
            "resources": ["pods"],
            "verbs": ["get", "list"],
            "resourceNames": ["one"],
        }


class TestResources:
    def installation(self, *argv: str, **changes: t.Any) -> Installation:
        values: Values = parse(join.FLAGS, argv)
        made = Installation(values, info(**changes), "west", "", "", clusterset_ip_cidr="243.0.16.0/20")
        made.broker_data = DATA
        return made

    def test_empty_fields_are_left_out_as_go_does(self) -> None:
        spec = submariner(self.installation())["spec"]
        assert {"broker", "clusterCIDR", "serviceCIDR", "ceIPSecDebug", "debug", "natEnabled"} <= set(spec)
        assert not {"globalCIDR", "brokerK8sInsecure", "airGappedDeployment", "loadBalancerEnabled", "imageOverrides",
                    "customDomains", "coreDNSCustomConfig", "clustersetIPEnabled"} & set(spec)  # fmt: skip
        assert (spec["cableDriver"], spec["ceIPSecNATTPort"], spec["natEnabled"]) == ("libreswan", 4500, True)

    def test_what_the_broker_info_says_is_taken(self) -> None:
        spec = submariner(self.installation(custom_domains=["example.org"]))["spec"]
        assert spec["brokerK8sApiServer"] == "172.31.2.3:6443"
        assert spec["brokerK8sApiServerToken"] == "t"
        assert base64.b64decode(spec["brokerK8sCA"]) == b"c"
        assert base64.b64decode(spec["ceIPSecPSK"]) == b"\x00secret"
        assert spec["customDomains"] == ["example.org"]

    def test_flags_win(self) -> None:
        argv = ("--natt=false", "--air-gapped", "--coredns-custom-configmap", "a/b", "--custom-domains", "x.org")
        spec = submariner(self.installation(*argv, custom_domains=["example.org"]))["spec"]
        assert (spec["natEnabled"], spec["airGappedDeployment"], spec["customDomains"]) == (False, True, ["x.org"])
        assert spec["coreDNSCustomConfig"] == {"configMapName": "b", "namespace": "a"}

    def test_service_discovery_alone(self) -> None:
        spec = service_discovery(self.installation())["spec"]
        assert spec["clusterID"] == "west"
        assert "cableDriver" not in spec
