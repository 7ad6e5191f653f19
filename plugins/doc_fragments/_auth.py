# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The authentication options of kubernetes.core where they stand inside another option; private, may change at any time."""

from __future__ import annotations

import textwrap

_AUTH = """
kubeconfig:
  description: Path of a kubeconfig file, or its content as a dictionary or as text in YAML or JSON.
  type: raw
context:
  description: The context of the kubeconfig.
  type: str
host:
  description: URL of the API server.
  type: str
api_key:
  description: Bearer token.
  type: str
username:
  description:
    - Name of a user, with C(host) and C(password). On OpenShift the two are exchanged for a token that is deleted when
      the module ends, which needs the Python packages openshift and requests-oauthlib. Any other server gets them as HTTP
      basic authentication.
  type: str
password:
  description: Password of the user.
  type: str
validate_certs:
  description: Whether the API server's certificate is verified.
  type: bool
  aliases: [verify_ssl]
ca_cert:
  description: Path of the certificate authority that the API server's certificate is verified with.
  type: path
  aliases: [ssl_ca_cert]
client_cert:
  description: Path of a client certificate.
  type: path
  aliases: [cert_file]
client_key:
  description: Path of the key of the client certificate.
  type: path
  aliases: [key_file]
proxy:
  description: URL of an HTTP proxy.
  type: str
no_proxy:
  description: Hosts that are reached without the proxy, separated by commas.
  type: str
proxy_headers:
  description: Headers for the proxy.
  type: dict
  suboptions:
    proxy_basic_auth:
      description: Name and password for the proxy, separated by a colon.
      type: str
    basic_auth:
      description: Name and password for basic authentication, separated by a colon.
      type: str
    user_agent:
      description: The user agent.
      type: str
persist_config:
  description: Whether tokens that were renewed are written back to the kubeconfig.
  type: bool
impersonate_user:
  description: Name of a user to act as.
  type: str
impersonate_groups:
  description: Groups to act as a member of. They need a user to act as.
  type: list
  elements: str
"""


def _cluster(option: str, description: str = "") -> str:
    stated = f"description: {description}\n    type: dict\n    " if description else ""
    return f"""
notes:
  - The environment variables C(K8S_AUTH_*) speak of the module's own cluster. What O({option}) leaves out is taken from them only
    where it names no cluster (by kubeconfig, context or host) at all; where it names a context alone, the kubeconfig is. The
    proxy of the environment is this machine's, and so counts for all.
options:
  {option}:
    {stated}suboptions:
{textwrap.indent(_AUTH, "      ")}
"""


def _members(option: str) -> str:
    return f"""
notes:
  - The environment variables C(K8S_AUTH_*) speak of the module's own cluster. What O({option}) leaves out is taken from them only
    where it names no cluster (by kubeconfig, context or host) at all; where it names a context alone, the kubeconfig is. The
    proxy of the environment is this machine's, and so counts for all.
options:
  {option}:
    suboptions:
      cluster_id:
        description: The member's cluster ID.
        type: str
        required: true
      auth:
        description: The authentication options of kubernetes.core for that cluster.
        type: dict
        required: true
        suboptions:
{textwrap.indent(_AUTH, "          ")}
"""


class ModuleDocFragment:
    # The option of modules that need the broker's cluster beside the module's own.
    BROKER: str = _cluster(
        "broker", "How to reach the broker's cluster; authentication options as for the module's own."
    )

    # The option of modules that need a second member.
    TO: str = _cluster("to")

    # The option of modules that ask several members at once.
    SOURCES: str = _members("sources")

    # The same for members beside the module's own.
    OTHERS: str = _members("others")
