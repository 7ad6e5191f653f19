# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The verbs: up, down, status, exec. Each starts from whatever an earlier command, ended or killed, has left."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from tests.lab import engine as engines
from tests.lab import host, nodeimage, registry, reset, submariner, sweep
from tests.lab.clusters import Clusters, forget_kubeconfigs, gateway_of, link_tools
from tests.lab.config import COMPASS, DISK_WARM_GIB, LabError, Places
from tests.lab.nodeimage import NodeImage
from tests.lab.process import parallel, wait_until
from tests.lab.state import Cluster, State, cache_locked, load, locked
from tests.lab.steps import say, step

_PATIENCE = 60.0  # with a control plane on a busy machine, before its cluster is made anew


@dataclass(frozen=True)
class Request:
    """What `up` was asked for; None means: as it is, or the default."""

    clusters: int | None = None
    workers: int | None = None
    submariner: str | None = None
    subnet: str | None = None
    rp_filter: str | None = None


def _remembered_own(places: Places, state: State) -> bool | None:
    if state.engine:
        return state.own_engine
    return True if (places.engine / "data").exists() else None


def _names(state: State, wanted: int | None) -> list[str]:
    count = wanted if wanted is not None else len(state.clusters) or 2
    if not 1 <= count <= len(COMPASS):
        raise LabError(f"--clusters {count}: from 1 to {len(COMPASS)} are possible")
    return list(COMPASS[:count])


def up(places: Places, request: Request) -> None:
    if engines.running_one() is None:
        host.require_root()
    with locked(places):
        host.forget_service_policy()
        host.require_disk(places, DISK_WARM_GIB)
        state = load(places)
        names = _names(state, request.clusters)
        if request.subnet and request.subnet != state.subnet:
            host.choose_subnet(request.subnet, places.bridge)
        source = submariner.prepare(places, request.submariner or state.submariner or submariner.SIMULATED)
        engine = engines.find(places, _remembered_own(places, state))
        engines.ensure(places, engine)
        state.engine, state.own_engine = engine.host or "default", engine.own
        clusters = Clusters(places, engine)
        image = nodeimage.ensure(places, engine)
        link_tools(places, image)

        state.subnet = _ensure_network(places, clusters, request.subnet)
        store = registry.Registry(places, gateway_of(state.subnet))
        store.ensure()
        changed = _ensure_clusters(clusters, store, state, names, _shape(state, request, image.reference), image)
        there = state.installed == source.key and (places.bin / "subctl").exists()
        if changed or not there or registry.missing_of(store, list(source.images)):
            submariner.install(clusters, store, source, names)
        state.submariner, state.installed = source.choice, source.key
        state.version = source.release or source.images[0].tag
        state.save(places)
        say(f"{', '.join(names)} are up; KUBECONFIG={places.kubeconfig} PATH={places.bin}:$PATH")


def _ensure_network(places: Places, clusters: Clusters, wanted: str | None) -> str:
    present = clusters.network_subnet()
    subnet = wanted or present or host.choose_subnet(None, places.bridge)
    if subnet != present:
        clusters.delete([node.cluster for node in clusters.nodes()])
        clusters.ensure_network(subnet)
    return subnet


def _ensure_clusters(
    clusters: Clusters, store: registry.Registry, state: State, names: list[str], shape: Cluster, image: NodeImage
) -> bool:
    """True when a cluster was made. Each change is remembered at once, so that a killed command is continued."""
    places = clusters.places
    kept = _kept(clusters, state, names, shape)
    state.clusters = {name: state.clusters[name] for name in kept}
    state.save(places)
    superfluous = sorted({node.cluster for node in clusters.nodes()} - set(kept))
    if superfluous:
        with step(f"clusters: delete {', '.join(superfluous)}"):
            clusters.delete(superfluous)
    missing = [name for name in names if name not in kept]
    if missing:
        store.mirrors(["quay.io"])
        # two labs that start at once on one machine take longer than one after the other
        with cache_locked(places):
            clusters.create(missing, shape.workers, image, shape.rp_filter)
        clusters.merge_kubeconfigs(names)
        baselines = parallel(lambda name: reset.baseline(clusters, name), missing)
        for name, baseline in zip(missing, baselines, strict=True):
            state.clusters[name] = Cluster(shape.workers, image.reference, shape.rp_filter, baseline)
        state.damage = state.installed = ""
        state.save(places)
    elif superfluous or not places.kubeconfig.exists():
        clusters.merge_kubeconfigs(names)
    return bool(missing)


def _shape(state: State, request: Request, image: str) -> Cluster:
    like = next(iter(state.clusters.values()), Cluster(1, image, "off"))
    workers = like.workers if request.workers is None else request.workers
    if not 0 <= workers <= 5:
        raise LabError(f"--workers {workers}: from 0 to 5 are possible")
    return Cluster(workers, image, request.rp_filter or like.rp_filter)


def _kept(clusters: Clusters, state: State, names: Sequence[str], shape: Cluster) -> list[str]:
    """Those that are complete, of the wanted shape, and alive."""
    nodes = clusters.nodes()

    def good(name: str) -> bool:
        known = state.clusters.get(name)
        mine = [node for node in nodes if node.cluster == name]
        if known is None or len(mine) != shape.workers + 1 or not all(node.running for node in mine):
            return False
        same = (known.workers, known.image, known.rp_filter) == (shape.workers, shape.image, shape.rp_filter)
        return same and wait_until(lambda: clusters.works(name), _PATIENCE, 1.0)

    return [name for name, fine in zip(names, parallel(good, names), strict=True) if fine]


def down(places: Places, purge: bool) -> None:
    with locked(places):
        host.forget_service_policy()
        state = load(places)
        own = _remembered_own(places, state)
        if own:
            host.require_root()
        with step("down"):
            registry.stop(places)
            registry.forget(places)
            if own is not None:
                _remove_from_engine(places, own, purge)
            sweep.clear(places)
            forget_kubeconfigs(places)
            (places.bin / "subctl").unlink(missing_ok=True)
            places.state.unlink(missing_ok=True)
        left = sweep.leftovers(places)
        if left:
            raise LabError(f"still there: {', '.join(left)}")
        if purge:
            shutil.rmtree(places.cache, ignore_errors=True)
            shutil.rmtree(places.home, ignore_errors=True)


def _remove_from_engine(places: Places, own: bool, purge: bool) -> None:
    engine = engines.own(places) if own else engines.find(places, False)
    if own and not engines.is_up(places) and not _own_has_content(places):
        return
    engines.ensure(places, engine)
    clusters = Clusters(places, engine)
    clusters.delete(sorted({node.cluster for node in clusters.nodes()}))
    clusters.remove_network()
    if own:
        engines.stop(places)
    elif purge:
        images = engine.docker("images", "-q", "submariner-lab/node").out.split()
        if images:
            engine.docker("rmi", "-f", *sorted(set(images)))


def _own_has_content(places: Places) -> bool:
    """Containers of an engine that was killed: only the engine itself can remove them from its books."""
    containers = places.engine / "data" / "containers"
    return places.state.exists() or (containers.is_dir() and any(containers.iterdir()))


@dataclass(frozen=True)
class Status:
    lines: tuple[str, ...]
    healthy: bool


def status(places: Places) -> Status:
    state = load(places)
    if not state.clusters:
        return Status(("down",), False)
    engine = engines.own(places) if state.own_engine else engines.running_one()
    if engine is None or not engine.answers():
        return Status(("the Docker engine does not answer; `up` or `down` repairs that",), False)
    clusters = Clusters(places, engine)
    nodes = clusters.nodes()
    lines = [f"submariner  {state.submariner} {state.version}", f"state       {state.damage or 'not installed'}"]
    store = registry.Registry(places, gateway_of(state.subnet)).answers()
    lines.append(f"registry    {'answers' if store else 'does not answer'}")
    names = list(state.clusters)
    answers = parallel(clusters.answers, names)
    stopped = [node.name for node in nodes if not node.running]
    for name, answer in zip(names, answers, strict=True):
        mine = ", ".join(node.name for node in nodes if node.cluster == name)
        lines.append(f"{name:<11} {'answers' if answer else 'does not answer'}: {mine}")
    if stopped:
        lines.append(f"stopped     {', '.join(stopped)}")
    lines.append(f"kubeconfig  {places.kubeconfig}")
    lines.append(f"docker      {engine.host or 'default'}")
    return Status(tuple(lines), store and all(answers) and not stopped)


def connect(places: Places) -> tuple[Clusters, State]:
    """For commands that need a lab that runs."""
    state = load(places)
    if not state.clusters:
        raise LabError("the lab is down; `up` starts it")
    engine = engines.own(places) if state.own_engine else engines.find(places, False)
    if not engine.answers():
        raise LabError("the lab's Docker engine does not answer; `up` repairs it")
    return Clusters(places, engine), state


def execute(places: Places, command: Sequence[str]) -> None:
    """In a node if the first word is a node's name, else here with the lab's kubeconfig, tools and engine."""
    clusters, _state = connect(places)
    names = [node.name for node in clusters.nodes()]
    if not command:
        raise LabError(f"exec: a command is missing; nodes are {', '.join(names)}")
    environment = clusters.environment()
    argv = list(command)
    if command[0] in names:
        terminal = ["-t"] if sys.stdin.isatty() and sys.stdout.isatty() else []
        inside = argv[1:] or ["bash"]
        argv = [clusters.engine.docker_path, "exec", "-i", *terminal, command[0], *inside]
    found = shutil.which(argv[0], path=environment["PATH"])
    if found is None:
        raise LabError(f"exec: {argv[0]} is neither a node ({', '.join(names)}) nor a program")
    os.execve(found, argv, environment)  # noqa: S606
