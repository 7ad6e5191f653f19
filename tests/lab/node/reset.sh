#!/bin/sh
# Copyright (c) 2026, submariner.lifecycle contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Takes everything off a node's network that was not there when the node was made. Arguments: the links of that time.
for link in $(ip -o link show | sed 's/^[0-9]*: \([^:@]*\)[:@].*/\1/'); do
    case " $* veth cni0 " in *" $link "*) continue ;; esac
    case $link in veth*) continue ;; esac
    ip link delete "$link"
done
for family in -4 -6; do
    ip $family rule show | sed -n 's/^\([0-9]*\):.*/\1/p' | while read -r priority; do
        case $priority in 0 | 32766 | 32767) ;; *) ip $family rule delete priority "$priority" ;; esac
    done
    ip $family route show table all | sed -n 's/.* table \([0-9][0-9]*\) .*/\1/p; s/.* table \([0-9][0-9]*\)$/\1/p' | sort -u |
        while read -r table; do ip $family route flush table "$table"; done
done
ip xfrm policy flush
ip xfrm state flush

# rules that mention one of the chains or sets first, then the chains; kube-proxy's own rules stay untouched
for variant in iptables-nft iptables-legacy; do
    command -v $variant > /dev/null || continue
    $variant-save 2> /dev/null | awk '
        function flush_table(  i) {
            if (!rules && !chains) return
            print table
            for (i = 1; i <= rules; i++) print rule[i]
            for (i = 1; i <= chains; i++) print "-F " chain[i]
            for (i = 1; i <= chains; i++) print "-X " chain[i]
            print "COMMIT"
        }
        /^\*/ { table = $0; rules = chains = 0 }
        /^:(SUBMARINER|SM-)/ { chain[++chains] = substr($1, 2) }
        /^-A .*(SUBMARINER|SM-)/ { sub(/^-A/, "-D"); rule[++rules] = $0 }
        /^COMMIT/ { flush_table() }' > /run/lab-reset.rules
    [ -s /run/lab-reset.rules ] && $variant-restore --noflush < /run/lab-reset.rules
done
nft list tables 2> /dev/null | while read -r _ family table; do
    case $table in *submariner* | *SUBMARINER*) nft delete table "$family" "$table" ;; esac
done
ipset list -n | grep -E '^(SUBMARINER|SM-)' | while read -r set; do ipset destroy "$set"; done
rm -f /run/lab-reset.rules
exit 0
