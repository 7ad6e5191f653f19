"""Real Kubernetes clusters on one machine, with Submariner ready to be installed in any state."""
