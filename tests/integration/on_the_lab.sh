#!/bin/sh
# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Runs a playbook of this folder, which starts a machine of its own from the image and in the network of the lab's nodes:
#   tests/lab/lab exec tests/integration/on_the_lab.sh firewall
set -eu
of_a_node() { docker inspect --format "{{.$1}}" east-control-plane; }
exec ansible-playbook "$(dirname "$0")/$1.yml" \
  -e "machine_image=$(of_a_node Config.Image)" -e "machine_network=$(of_a_node HostConfig.NetworkMode)"
