#!/bin/sh
# Runs a guest under Firecracker, which takes a file and not arguments. Usage: firecracker.sh MEMORY_MIB CPUS KERNEL COMMAND_LINE
set -eu
[ $# -eq 4 ] || { echo "usage: $0 MEMORY_MIB CPUS KERNEL COMMAND_LINE" >&2; exit 2; }
config=$(mktemp)
trap 'rm -f "$config"' EXIT
quoted() { printf '%s' "$1" | sed 's/[\\"]/\\&/g'; }
cat >"$config" <<END
{"boot-source": {"kernel_image_path": "$(quoted "$3")", "boot_args": "$(quoted "$4")"},
 "drives": [], "machine-config": {"vcpu_count": $2, "mem_size_mib": $1}}
END
firecracker --no-api --config-file "$config"
