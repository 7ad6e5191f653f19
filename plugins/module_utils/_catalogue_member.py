# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an installation owns on its own cluster, as data; pure. Private to this collection, may change at any time.

Sources: submariner.md sections 2 (objects), 3.1 (uninstall workloads), 3.4 (residues), and measured.md.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.submariner.lifecycle.plugins.module_utils._catalogue_names import (
    CRDS,
    MCS_CRDS,
    OPENSHIFT_ROLES,
    ROLES,
    SERVICES,
    UNINSTALL_WORKLOADS,
    VERIFY_TESTS,
    WORKLOADS,
    internal_service,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._entries import (
    APPS,
    ASKED,
    CORE,
    DEFINITIONS,
    EDIT,
    LABEL,
    LIGHTHOUSE_IMPORT,
    MANAGED_SLICE,
    MCS,
    MEMBER,
    NAMED,
    OPERATOR,
    PROTECTED,
    RBAC,
    RESOURCES,
    REST,
    SLICES,
    V1,
    V1ALPHA1,
    Entry,
)
from ansible_collections.submariner.lifecycle.plugins.module_utils._model import Json, mapping, sequence, text

EXPORTED_SERVICE = "submariner.io/exportedServiceRef"
DNS_MAPS: dict[str, str] = {
    "coredns": "`kube-system/coredns`, a block between lines with `lighthouse-start` and `lighthouse-end`",
    "dns-maps": "`kube-system/rke2-coredns-rke2-coredns` of RKE2, such a block; any other in `kube-system`, the key "
    "`lighthouse.server` with `clusterset.local`",
    "dns-elsewhere": "the one that `coreDNSCustomConfig` of the Submariner resource names, such a block or key",
    "dns-microshift": "`openshift-dns/dns-default` of MicroShift, such a block",
}
"""Readings of ConfigMaps in which lighthouse may have written, and what is its part."""
NODE_SIGN = (
    "annotations `submariner.io/globalIp` and `submariner.io/cniIfaceIp` of releases before 0.18; on request (`labels`) the "
    "label `submariner.io/gateway=true`, if subctl or this collection set it (`managedFields`), or nobody knows who"
)
NODE_OTHERS = (
    "users: a gateway label that they set, `gateway.submariner.io/*`, `submariner.io/tcp-clamp-mss` and another value of the "
    "label are their settings"
)
POD_OWNERS = WORKLOADS | UNINSTALL_WORKLOADS
_POD_OWNERS = "|".join(sorted(POD_OWNERS))
_RANDOM = "bcdfghjklmnpqrstvwxz2456789"
"""What Kubernetes makes the ends of names of: no vowels, so no words."""
DEFAULT_POOL = "default-ipv4-ippool"
POOLS = "/apis/projectcalico.org/v3/ippools/{name}"


def _disabled(pool: Json) -> bool:
    """Submariner's pools just mark remote CIDRs: no pod has an address of them."""
    return mapping(pool.get("spec")).get("disabled") is True


def _internal(service: Json) -> bool:
    """Globalnet derives the name from that of the exported Service, which the label has."""
    meta = mapping(service.get("metadata"))
    exported = text(mapping(meta.get("labels")).get(EXPORTED_SERVICE))
    return text(meta.get("name")) == internal_service(exported)


def _pod(pod: Json) -> bool:
    """One of Submariner's workloads owns it; of one without an owner the name ends as Kubernetes makes names."""
    meta = mapping(pod.get("metadata"))
    owners = [o for o in map(mapping, sequence(meta.get("ownerReferences"))) if o.get("controller") is True]
    if not owners:
        return (
            re.fullmatch(rf"({_POD_OWNERS})(-[{_RANDOM}0-9]{{1,10}})?-[{_RANDOM}]{{5}}", text(meta.get("name")))
            is not None
        )
    kind, name = text(owners[0].get("kind")), text(owners[0].get("name"))
    return name in POD_OWNERS or (
        kind == "ReplicaSet" and re.fullmatch(rf"({_POD_OWNERS})-[a-z0-9]+", name) is not None
    )


def _service(service: Json) -> bool:
    """Its operator owns it, or it has a name that the operator gives."""
    meta = mapping(service.get("metadata"))
    owners = map(mapping, sequence(meta.get("ownerReferences")))
    return text(meta.get("name")) in SERVICES or any(
        text(o.get("apiVersion")).partition("/")[0] == "submariner.io" for o in owners
    )


def _here(residue: str, key: str, path: str, why: str = NAMED, **more: t.Any) -> Entry:
    """Something in the operator's namespace."""
    return Entry(residue, key, path, MEMBER, REST, why, namespace=OPERATOR, **more)


def _inside(residue: str, key: str, path: str, why: str = NAMED, **more: t.Any) -> Entry:
    """Something that goes with the operator's namespace."""
    return _here(residue, key, path, why, contents=True, **more)


def _any(residue: str, key: str, path: str, why: str = NAMED, **more: t.Any) -> Entry:
    """Something in any namespace, or in none."""
    return Entry(residue, key, path, MEMBER, REST, why, **more)


MEMBER_ENTRIES: tuple[Entry, ...] = (
    Entry("R1", "submariners", V1ALPHA1 + "submariners/{name}", MEMBER, RESOURCES, "is a Submariner resource"),
    Entry(
        "R1",
        "servicediscoveries",
        V1ALPHA1 + "servicediscoveries/{name}",
        MEMBER,
        RESOURCES,
        "is a ServiceDiscovery resource",
    ),
    *(
        _here(
            "R2", kind, APPS + kind + "/{name}", "is an uninstall workload of the operator", names=UNINSTALL_WORKLOADS
        )
        for kind in ("daemonsets", "deployments")
    ),
    *(_here("", kind, APPS + kind + "/{name}", names=WORKLOADS) for kind in ("daemonsets", "deployments")),
    _here(
        "",
        "pods",
        CORE + "pods/{name}",
        "is a pod of a Submariner workload",
        pattern=rf"({_POD_OWNERS})-[a-z0-9-]+",
        proof=_pod,
        words="named after one of the workloads, and owned by it",
        alike=rf"({_POD_OWNERS})-[a-z0-9-]+",
        grace=1,
    ),
    _any(
        "R25",
        "transient-pods",
        CORE + "pods/{name}",
        "carries the label of subctl's test pods",
        marks=("submariner.io/transient=true",),
        grace=1,
    ),
    _any(
        "R25",
        "namespaces",
        "/api/v1/namespaces/{name}",
        "is a namespace that subctl verify made for a test",
        pattern=f"e2e-tests-({'|'.join(VERIFY_TESTS)})-[a-z0-9]{{5}}",
        marks=tuple(f"e2e-framework={test}" for test in VERIFY_TESTS),
        unless=("e2e-run",),
        words="named `e2e-tests-<test>-<five characters>` and labelled `e2e-framework=<test>` after one of the tests of "
        "`subctl verify`, without the label `e2e-run` of Kubernetes' own tests",
        alike="e2e-tests-.+",
        others="the end-to-end tests of Kubernetes and of other projects, which name their namespaces alike",
    ),
    _inside("", "endpoints", V1 + "endpoints/{name}", "is a record of this cluster"),
    _inside("", "clusters", V1 + "clusters/{name}", "is a record of this cluster"),
    _inside("R8", "gateways", V1 + "gateways/{name}", "is a Gateway record"),
    _inside("", "routeagents", V1 + "routeagents/{name}", "is a RouteAgent record", since="0.19"),
    _inside(
        "",
        "services",
        CORE + "services/{name}",
        proof=_service,
        words=f"{', '.join(f'`{name}`' for name in sorted(SERVICES))}, or any that a Submariner or ServiceDiscovery resource owns",
    ),
    _inside(
        "R28",
        "configmaps",
        CORE + "configmaps/{name}",
        names=frozenset(["submariner-lighthouse-coredns", "submariner-operator-lock"]),
    ),
    _inside(
        "R29",
        "secrets",
        CORE + "secrets/{name}",
        pattern=r"submariner-(broker-secret|ipsec-psk)|broker-secret-[a-z0-9]+",
    ),
    _inside("", "serviceaccounts", CORE + "serviceaccounts/{name}", names=ROLES),
    _inside("", "roles", RBAC + "namespaces/{namespace}/roles/{name}", names=ROLES | {"submariner-metrics-reader"}),
    _inside(
        "",
        "rolebindings",
        RBAC + "namespaces/{namespace}/rolebindings/{name}",
        names=ROLES | {"read-submariner-metrics"},
    ),
    *(
        _any(
            "R19",
            kind,
            RBAC + kind + "/{name}",
            names=ROLES,
            alike="submariner-.+",
            others="roles and bindings that merely start with submariner-, and the role that such a binding points to",
        )
        for kind in ("clusterroles", "clusterrolebindings")
    ),
    *(
        _any("R20", kind, RBAC + kind + "/{name}", names=OPENSHIFT_ROLES, alike="ocp-submariner-.+")
        for kind in ("clusterroles", "clusterrolebindings")
    ),
    _any(
        "R17",
        "serviceimports",
        MCS + "serviceimports/{name}",
        "carries the marks of Submariner's lighthouse agent",
        marks=LIGHTHOUSE_IMPORT,
        others="other implementations of the Multi-Cluster Services API; as Submariner's own uninstall would delete theirs, "
        "the operator is stopped before where there are any",
    ),
    _any("R17", "endpointslices", SLICES, "is managed by Submariner's lighthouse agent", marks=(MANAGED_SLICE,)),
    *(
        _any("R18", key, CORE + "configmaps/{name}", "has a part that lighthouse wrote", action=EDIT, sign=sign)
        for key, sign in DNS_MAPS.items()
    ),
    _any(
        "R18",
        "dns-operator",
        "/apis/operator.openshift.io/v1/dnses/{name}",
        "forwards clusterset.local to lighthouse",
        action=EDIT,
        sign="`default`, servers named `lighthouse` for `clusterset.local`, or that forward to the same address as that one",
        others="forwarders of administrators, also one that is named `lighthouse` by chance",
    ),
    Entry(
        "R22",
        "globalnet-services",
        CORE + "services/{name}",
        MEMBER,
        PROTECTED,
        "is the Service by which Globalnet exported another",
        marks=(EXPORTED_SERVICE,),
        proof=_internal,
        sign="a name that is derived from the exported Service's",
        finalizer="submariner.io/globalnet-internal-service",
        alike=".+",
        others="Services of users, which are never deleted",
        since="0.12",
    ),
    _any(
        "R22",
        "globalingressips",
        V1 + "globalingressips/{name}",
        "is the global address of an exported Service",
        marks=("submariner-io/originatingNamespace",),
        others="users, whose objects go with the definition",
    ),
    _any(
        "R22",
        "clusterglobalegressips",
        "/apis/submariner.io/v1/clusterglobalegressips/{name}",
        "is the cluster's own global egress address",
        names=frozenset(["cluster-egress.submariner.io"]),
    ),
    _any(
        "R23",
        "ippools",
        POOLS,
        "is a disabled pool with the label of Submariner's route agent",
        pattern=r"submariner-.+",
        marks=("submariner.io/ippool=true",),
        proof=_disabled,
        sign="disabled",
        alike=r"submariner-.+",
        others="pools that an administrator made by hand for releases before 0.16, without the label",
        since="0.16",
    ),
    _any(
        "R23",
        "ippools",
        POOLS,
        "has the mode that Submariner needs, and a note of the one before",
        names=frozenset([DEFAULT_POOL]),
        action=EDIT,
        sign="annotation `submariner-prev-ipipmode`; the mode is put back if it still is `Always`",
    ),
    Entry(
        "R21",
        "nodes",
        "/api/v1/nodes/{name}",
        MEMBER,
        LABEL,
        "carries what Submariner set",
        action=EDIT,
        sign=NODE_SIGN,
        others=NODE_OTHERS,
    ),
    _any(
        "R13",
        "namespaces",
        "/api/v1/namespaces/{name}",
        "is the operator's namespace",
        pattern=OPERATOR,
        sign="the operator's, with nothing in it that is somebody else's",
    ),
    _any(
        "R15",
        "crds",
        DEFINITIONS,
        "is one of Submariner's definitions",
        names=CRDS,
        alike=r".+\.submariner\.io",
        others="definitions that merely end in .submariner.io",
    ),
    Entry(
        "R17",
        "serviceexports",
        MCS + "serviceexports/{name}",
        MEMBER,
        ASKED,
        "is an export, and exports were asked to go",
        option="mcs",
        others="users, who made them; each other implementation of the API",
    ),
    Entry(
        "R16",
        "crds",
        DEFINITIONS,
        MEMBER,
        ASKED,
        "is a definition of the Multi-Cluster Services API, which was asked to go",
        names=MCS_CRDS,
        option="mcs",
        others="each other implementation of the API",
    ),
)
