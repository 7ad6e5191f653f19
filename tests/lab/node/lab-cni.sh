#!/usr/bin/env bash
# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Pod network of a node without an image: a bridge on the node's own pod subnet, routes to those of the other nodes.
export KUBECONFIG=/etc/kubernetes/kubelet.conf
me=$(hostname)
conflist=/etc/cni/net.d/10-lab.conflist
columns='{.metadata.name},{.spec.podCIDR},{.status.addresses[?(@.type=="InternalIP")].address}{"\n"}'

write_conflist() { # pod subnet
    # a pod that starts before kube-proxy's rules sends to service addresses in vain and waits 30 s
    for _ in $(seq 75); do
        iptables-save -t nat | grep -q KUBE-SVC && break
        sleep 0.2
    done
    cat > "$conflist.new" <<JSON
{"cniVersion": "0.4.0", "name": "lab", "plugins": [
  {"type": "bridge", "bridge": "cni0", "isGateway": true, "hairpinMode": true, "ipMasq": true,
   "ipam": {"type": "host-local", "ranges": [[{"subnet": "$1"}]], "routes": [{"dst": "0.0.0.0/0"}]}},
  {"type": "portmap", "capabilities": {"portMappings": true}}]}
JSON
    mv "$conflist.new" "$conflist"
}

while :; do
    if [ -s "$KUBECONFIG" ]; then
        kubectl get nodes --watch -o jsonpath="$columns" 2> /dev/null | while IFS=, read -r node subnet address; do
            if [ -z "$subnet" ] || [ -z "$address" ]; then
                continue
            fi
            if [ "$node" != "$me" ]; then
                ip route replace "$subnet" via "$address"
            elif [ ! -e "$conflist" ]; then
                write_conflist "$subnet"
            fi
        done
    fi
    sleep 0.3
done
