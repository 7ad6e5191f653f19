# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""kind clusters on one network: create in parallel, look at, delete."""

from __future__ import annotations

import ipaddress
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.lab.config import COMPASS, LabError, Places, pod_subnet, service_subnet
from tests.lab.engine import Engine
from tests.lab.host import inotify_shortage
from tests.lab.nodeimage import NodeImage
from tests.lab.process import Done, last_line, parallel, run
from tests.lab.steps import step

_CONTAINERD = '[plugins."io.containerd.grpc.v1.cri".registry]\n  config_path = "/etc/containerd/certs.d"\n'
# kubeadm gives up after a minute, which a busy machine may need
_PATIENCE = "timeouts: {controlPlaneComponentHealthCheck: 4m, kubeletHealthCheck: 4m, kubernetesAPICall: 4m}\n"
_LABEL = "io.x-k8s.kind.cluster"
# With strict reverse path filtering (kind's default) pods on non-gateway nodes get no answers through the tunnel.
_RP_FILTER_OFF = (
    "-net.ipv4.conf.*.rp_filter = 0\nnet.ipv4.conf.all.rp_filter = 0\nnet.ipv4.conf.default.rp_filter = 0\n"
)
_READY_LIMIT = "300s"
_CONTROLLERS = ("kube-controller-manager", "kube-scheduler")
_LEASE_SECONDS = 10.0  # they renew every 2 s


@dataclass(frozen=True)
class Node:
    name: str
    cluster: str
    running: bool


class Clusters:
    def __init__(self, places: Places, engine: Engine) -> None:
        self.places = places
        self.engine = engine

    def environment(self, cluster: str = "") -> dict[str, str]:
        """For commands that work on the lab: its kubeconfig, its tools first, its engine."""
        environment = self.engine.environment()
        environment["KUBECONFIG"] = str(self.places.kubeconfig_of(cluster) if cluster else self.places.kubeconfig)
        environment["PATH"] = f"{self.places.bin}:{environment['PATH']}"
        environment["KIND_EXPERIMENTAL_PROVIDER"] = "docker"
        environment["KIND_EXPERIMENTAL_DOCKER_NETWORK"] = self.places.name
        return environment

    def kubectl(
        self, cluster: str, *arguments: str, check: bool = True, stdin: str | None = None, timeout: float = 60
    ) -> Done:
        command = [str(self.places.bin / "kubectl"), *arguments]
        return run(command, env=self.environment(cluster), check=check, stdin=stdin, timeout=timeout)

    def in_node(
        self, node: str, *argv: str, check: bool = True, stdin: str | None = None, timeout: float = 120
    ) -> Done:
        command = [self.engine.docker_path, "exec", "-i", node, *argv]
        return run(command, env=self.engine.environment(), check=check, stdin=stdin, timeout=timeout)

    # network

    def ensure_network(self, subnet: str) -> None:
        name = self.places.name
        if self.network_subnet() == subnet:
            return
        self.engine.docker("network", "rm", name, check=False)
        options = (f"com.docker.network.bridge.name={self.places.bridge}", "com.docker.network.driver.mtu=1500")
        flags = [word for option in options for word in ("-o", option)]
        self.engine.docker("network", "create", "--driver", "bridge", "--subnet", subnet, *flags, name)

    def network_subnet(self) -> str:
        template = "{{range .IPAM.Config}}{{.Subnet}}{{end}}"
        return self.engine.docker("network", "inspect", "--format", template, self.places.name, check=False).out.strip()

    def remove_network(self) -> None:
        if self.network_subnet():
            self.engine.docker("network", "rm", self.places.name)

    # clusters

    def nodes(self) -> list[Node]:
        """All node containers on the lab's network."""
        form = f'{{{{.Names}}}}\t{{{{.Label "{_LABEL}"}}}}\t{{{{.State}}}}'
        listing = self.engine.docker("ps", "-a", "--filter", f"network={self.places.name}", "--format", form).out
        rows = [line.split("\t") for line in listing.splitlines() if line]
        return [Node(row[0], row[1], row[2] == "running") for row in rows]

    def refuse_foreign(self, names: list[str]) -> None:
        """On an engine that is not ours, somebody else may have clusters with our names."""
        ours = {node.name for node in self.nodes()}
        form = f'{{{{.Names}}}}\t{{{{.Label "{_LABEL}"}}}}'
        for line in self.engine.docker("ps", "-a", "--filter", f"label={_LABEL}", "--format", form).out.splitlines():
            container, cluster = line.split("\t")
            if cluster in names and container not in ours:
                raise LabError(
                    f"the Docker engine already has a kind cluster {cluster} that is not the lab's: delete it"
                )

    def delete(self, names: list[str]) -> None:
        containers = [node.name for node in self.nodes() if node.cluster in names]
        if containers:
            self.engine.docker("rm", "-f", "-v", *containers)
        for name in names:
            self.places.kubeconfig_of(name).unlink(missing_ok=True)

    def answers(self, cluster: str) -> bool:
        if not self.places.kubeconfig_of(cluster).exists():
            return False
        return self.kubectl(cluster, "get", "--raw", "/readyz", "--request-timeout=8s", check=False, timeout=10).rc == 0

    def works(self, cluster: str) -> bool:
        """Answers, and its controllers run: after a restart of the engine an API server answers long before they do."""
        if not self.answers(cluster):
            return False
        query = ("-n", "kube-system", "get", "lease", *_CONTROLLERS, "-o", "json", "--request-timeout=8s")
        listing = self.kubectl(cluster, *query, check=False, timeout=10)
        return listing.rc == 0 and renewed(json.loads(listing.out)["items"], datetime.now(UTC))

    def create(self, names: list[str], workers: int, image: NodeImage, rp_filter: str) -> None:
        self.refuse_foreign(names)
        self._node_files(rp_filter)
        with step(f"clusters: create {', '.join(names)} with {workers} worker{'' if workers == 1 else 's'} each"):
            parallel(lambda name: self._create(name, workers, image), names)

    def _create(self, name: str, workers: int, image: NodeImage) -> None:
        raw = self.places.home / f"kind.{name}"
        raw.unlink(missing_ok=True)
        command = [str(image.tools / "kind"), "create", "cluster", "--config", "-", "--image", image.reference]
        configuration = json.dumps(self._configuration(name, workers, image))
        log = self.places.logs / f"kind-{name}.log"
        created = run(
            [*command, "--wait", _READY_LIMIT, "--kubeconfig", str(raw)],
            env=self.environment(), stdin=configuration, timeout=900, log=log, check=False,
        )  # fmt: skip
        if created.rc != 0:
            reasons = [line for line in created.err.splitlines() if line.lower().startswith("error: ")]
            reason = inotify_shortage() or last_line("\n".join(reasons) or created.err)
            raise LabError(f"kind cannot create {name}: {reason} (log: {log})")
        self._write_kubeconfig(name, raw)
        ready = f"--timeout={_READY_LIMIT}"
        self.kubectl(name, "wait", "--for=condition=Ready", "node", "--all", ready, timeout=320)
        self.kubectl(name, "-n", "kube-system", "rollout", "status", "deployment/coredns", ready, timeout=320)

    def _configuration(self, name: str, workers: int, image: NodeImage) -> dict[str, object]:
        index = COMPASS.index(name)
        inside = {"certs.d": "/etc/containerd/certs.d", "sysctl.conf": "/etc/sysctl.d/99-lab.conf"}
        mounts = [
            {"hostPath": str(self.places.nodes / file), "containerPath": path, "readOnly": True}
            for file, path in inside.items()
        ]
        roles = ["control-plane", *["worker"] * workers]
        return {
            "kind": "Cluster",
            "apiVersion": "kind.x-k8s.io/v1alpha4",
            "name": name,
            "networking": {
                "ipFamily": "ipv4",
                "podSubnet": pod_subnet(index),
                "serviceSubnet": service_subnet(index),
            },
            "containerdConfigPatches": [_CONTAINERD],
            "kubeadmConfigPatches": [
                f"kind: {kind}\n{_PATIENCE}" for kind in ("InitConfiguration", "JoinConfiguration")
            ],
            "nodes": [{"role": role, "image": image.reference, "extraMounts": mounts} for role in roles],
        }

    def _node_files(self, rp_filter: str) -> None:
        (self.places.nodes / "certs.d").mkdir(parents=True, exist_ok=True)
        (self.places.nodes / "sysctl.conf").write_text(_RP_FILTER_OFF if rp_filter == "off" else "")

    # kubeconfig

    def _write_kubeconfig(self, name: str, raw: Path) -> None:
        """kind writes `kind-east`; the lab's contexts, clusters and users are called `east`."""
        view = [str(self.places.bin / "kubectl"), "config", "view", "--raw", "-o", "json", f"--kubeconfig={raw}"]
        document = json.loads(run(view).out)
        for kind in ("clusters", "contexts", "users"):
            document[kind][0]["name"] = name
        document["contexts"][0]["context"] = {"cluster": name, "user": name}
        document["current-context"] = name
        self._write_secret(self.places.kubeconfig_of(name), json.dumps(document, indent=1))
        raw.unlink()

    def merge_kubeconfigs(self, names: list[str]) -> None:
        files = ":".join(str(self.places.kubeconfig_of(name)) for name in names)
        view = [str(self.places.bin / "kubectl"), "config", "view", "--raw", "--merge"]
        merged = run(view, env={**os.environ, "KUBECONFIG": files}).out
        self._write_secret(self.places.kubeconfig, merged)

    @staticmethod
    def _write_secret(path: Path, text: str) -> None:
        fresh = path.with_name(path.name + ".new")
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
            file.write(text)
        os.replace(fresh, path)

    def control_plane_address(self, cluster: str) -> str:
        """Where this cluster's API is reached from the other clusters' nodes and pods."""
        template = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
        return self.engine.docker("inspect", "--format", template, f"{cluster}-control-plane").out.strip()


def renewed(leases: Sequence[Mapping[str, Any]], at: datetime) -> bool:
    """Whether every one of these leases was renewed just before; both clocks are the machine's."""
    times = [datetime.fromisoformat(lease["spec"]["renewTime"]) for lease in leases if lease["spec"].get("renewTime")]
    return len(times) == len(_CONTROLLERS) and all(at - time < timedelta(seconds=_LEASE_SECONDS) for time in times)


def gateway_of(subnet: str) -> str:
    return str(next(ipaddress.IPv4Network(subnet).hosts()))


def link_tools(places: Places, image: NodeImage) -> None:
    places.bin.mkdir(parents=True, exist_ok=True)
    for name in ("kubectl", "kind"):
        link = places.bin / name
        if not link.exists() or Path(os.path.realpath(link)) != Path(os.path.realpath(image.tools / name)):
            link.unlink(missing_ok=True)
            link.symlink_to(image.tools / name)


def forget_kubeconfigs(places: Places) -> None:
    for path in [places.kubeconfig, *places.home.glob("kubeconfig.*"), *places.home.glob("kind.*")]:
        path.unlink(missing_ok=True)
    shutil.rmtree(places.nodes, ignore_errors=True)
