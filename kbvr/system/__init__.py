"""Operating system services: every output (`atomic_file`), `isolated_process`, memory (`resources`) and more."""
