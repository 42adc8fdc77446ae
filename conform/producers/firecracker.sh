#!/bin/sh
# Runs a guest under Firecracker (1.12 and later boot by PVH), which takes a file and not arguments.
# Usage: firecracker.sh MEMORY_MIB CPUS KERNEL COMMAND_LINE [INITRD]
set -eu
[ $# -eq 4 ] || [ $# -eq 5 ] || { echo "usage: $0 MEMORY_MIB CPUS KERNEL COMMAND_LINE [INITRD]" >&2; exit 2; }
quoted() { printf '"%s"' "$(printf '%s' "$1" | sed 's/[\\"]/\\&/g')"; }
# Beside the kernel, which lies in a folder of its own that goes with the run, however that ends.
config=$3.json
cat >"$config" <<END
{"boot-source": {"kernel_image_path": $(quoted "$3"), "boot_args": $(quoted "$4")${5:+, \"initrd_path\": $(quoted "$5")}},
 "drives": [], "machine-config": {"vcpu_count": $2, "mem_size_mib": $1}}
END
# Its own log goes to standard output too, between the guest's words: nothing below an error.
exec firecracker --no-api --level Error --config-file "$config"
