# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Helpers for the tests that boot guests. A test is a bash script:
#
#	. "$(dirname "$0")/lib.sh"
#	guest NAME RUN-OPTIONS... -- GUEST-SCRIPT ARGS...
#	done_testing
#
# t-NAME.sh boots packaged kernels. k-NAME.sh boots the kernel that tests/vm/build-kernel builds, which has iommufd, its mock
# device, fault injection and kmemleak built in: guest_built instead of guest, with the same arguments; --mutant NAME first
# takes the kernel with that seeded bug, which the script names at its top: needs_built NAME.... A k-NAME.sh is skipped as a
# whole where the kernel is not built: nothing is built behind a test's back.
#
# GUEST-SCRIPT (tests/vm/guest/...), after NAME=VALUE words for its environment, runs in the guest under bash and emits TAP with the same helpers as the CLI tests; its
# points become points of ours, and so does the harness's verdict: the guest finished and its kernel has no complaint.

top_srcdir=${top_srcdir:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
. "$top_srcdir/tests/tap.sh"
vm=$top_srcdir/tests/vm

for vm_tool in qemu-system-x86_64 busybox cpio bash timeout; do
	command -v $vm_tool >/dev/null || skip_all "$vm_tool is not installed"
done
if [ -z "${IOMMUCTL:-}" ]; then
	for IOMMUCTL in "$top_srcdir/build/iommuctl" "$top_srcdir/iommuctl"; do
		[ -x "$IOMMUCTL" ] && break
	done
fi

# vm_raw_loop NAME: prints where the plain loop of bench/ is that speeds are held against: built by `make bench-build`, or made now.
vm_raw_loop() {
	local built=${top_builddir:-$top_srcdir/build}/bench/$1
	if [ -x "$built" ] && [ "$built" -nt "$top_srcdir/bench/$1.c" ] && [ "$built" -nt "$top_srcdir/bench/raw.h" ]; then
		echo "$built"
	else
		[ -x "$tap_tmp/$1" ] || ${CC:-cc} -O2 -g -std=gnu11 -o "$tap_tmp/$1" "$top_srcdir/bench/$1.c" || return
		echo "$tap_tmp/$1"
	fi
}

# vm_points PREFIX: renumbers the guest's TAP on stdin into ours; leaves what it counted in $tap_tmp/points.
vm_points() {
	local line plan= n=0
	while IFS= read -r line; do
		case $line in
		"ok "* | "not ok "*)
			n=$((n + 1)) tap_count=$((tap_count + 1))
			case $line in not*) tap_failed=$((tap_failed + 1)) ;; esac
			printf '%s%d - %s: %s\n' "${line%%ok *}ok " $tap_count "$1" "${line#*ok *- }"
			;;
		1..[0-9]*) plan=${line#1..} ;;
		"Bail out!"*) diag "$line" ;;
		*) printf '%s\n' "$line" ;;
		esac
	done
	echo "$tap_count $tap_failed $n ${plan:-none}" >"$tap_tmp/points"
}

# vm_jq: sets vm_jq to a folder with a newer jq for guests, or to "". Up to 1.6, jq compiles its library whenever it starts: a third of a
# second in an emulated guest, ten times as long as 1.7.
vm_jq() {
	[ -z "${vm_jq+set}" ] || return 0
	vm_jq=
	case $(jq --version 2>/dev/null) in jq-1.[56]*) vm_jq=$(fetched jq trixie) || vm_jq= ;; esac
}

# guest NAME RUN-OPTIONS... -- GUEST-SCRIPT ARGS...
guest() {
	local name=$1 options=() environment=() status n plan tool file put=()
	shift
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	while [[ $1 == [A-Z]*=* ]]; do
		environment+=("$1")
		shift
	done
	# The helpers want bash, and what busybox's versions of these cannot do.
	for tool in bash jq env timeout realpath; do
		! command -v $tool >/dev/null || put+=(--add "$(command -v $tool):/usr/bin/$tool")
	done
	vm_jq
	[ -z "$vm_jq" ] || put+=(--add "$vm_jq:/usr/lib/jq")
	for tool in raw-vfio-loop raw-iommufd-loop raw-dirty-loop; do
		! file=$(vm_raw_loop $tool) || put+=(--add "$file:/usr/bin/$tool")
	done
	"$vm/run" --binary "$IOMMUCTL" --timeout 1800 "${put[@]}" --add "$top_srcdir/tests/tap.sh:/t/tests/tap.sh" \
		--add "$top_srcdir/tests/cli/lib.sh:/t/tests/cli/lib.sh" --add "$vm/guest:/t/tests/vm/guest" "${options[@]}" \
		-- env top_srcdir=/t IOMMUCTL=/usr/sbin/iommuctl "${environment[@]}" bash "/t/tests/vm/guest/$1" "${@:2}" 2>"$tap_tmp/guest.err" |
		vm_points "$name"
	status=${PIPESTATUS[0]}
	read -r tap_count tap_failed n plan <"$tap_tmp/points"
	is "$n" "$plan" "$name: every planned point was reached" || diag "$(tail -n 20 "$tap_tmp/guest.err")"
	# 1: points failed, and were counted
	[ "$status" -ne 1 ] || status=0
	is "$status" 0 "$name: the guest finished and its kernel did not complain" || diag "$(tail -n 60 "$tap_tmp/guest.err")"
}

# fetched kernel|qemu SUITE: prints the path; fails where it cannot be had.
fetched() { "$vm/get" -q "$1" "$2" 2>"$tap_tmp/get.err"; }

# built_kernel [MUTANT]: prints the folder of the built kernel, $IOMMUCTL_VM_KERNEL if that is set; fails where it is not built.
built_kernel() {
	if [ $# -eq 0 ] && [ -n "${IOMMUCTL_VM_KERNEL:-}" ]; then
		echo "$IOMMUCTL_VM_KERNEL"
	else
		"$vm/build-kernel" --cached ${1:+--mutant "$1"}
	fi
}

# needs_built [MUTANT...]: skips the file where the built kernel, or the one with a mutant, is not there.
needs_built() {
	local mutant
	built_kernel >/dev/null || skip_all "no built kernel: tests/vm/build-kernel makes one"
	for mutant in "$@"; do
		built_kernel "$mutant" >/dev/null || skip_all "no built kernel with $mutant: tests/vm/build-kernel --mutant $mutant makes one"
	done
}

# guest_built NAME [--mutant MUTANT] RUN-OPTIONS... -- GUEST-SCRIPT ARGS...: guest, on the built kernel.
guest_built() {
	local name=$1 kernel
	shift
	if [ "$1" = --mutant ]; then
		kernel=$(built_kernel "$2")
		shift 2
	else
		kernel=$(built_kernel)
	fi
	guest "$name" --kernel "${kernel:-no-built-kernel}" "$@"
}

mutants_which=--always
[ -z "${IOMMUCTL_LONG:-}" ] || mutants_which=
# mutants_of IOMMU: those that show on it; without --long those of every run.   mutant_says NAME options|finds|stress: what its file says.
mutants_of() { "$vm/build-kernel" --list-mutants $mutants_which | awk -v iommu="$1" '{ for (i = 2; i <= NF; i++) if ($i == iommu) { print $1; next } }'; }
mutant_says() { sed -n "s/^$2 //p" "$vm/mutants/$1"; }

# mutants_found IOMMU [BACKEND...]: on the kernel of each mutant that shows on IOMMU compare fails for what the mutant does, and on the
# healthy kernel the same options find nothing. With backends the same of stress on those, and the scripts that it saved on the mutants'
# kernels pass on the healthy one.
mutants_found() {
	local mutant options=() machine=(--iommu "$1" --memory 2G --device lsi --timeout 2400) saved=$tap_tmp/saved backends=${*:2}
	[ "$1" != mock ] || machine=(--iommu none --timeout 2400)
	mkdir -p "$saved"
	for mutant in $(mutants_of "$1"); do
		options+=("$(mutant_says "$mutant" options)")
		guest_built "$mutant" --mutant "$mutant" "${machine[@]}" --out "$saved/$mutant" -- STRESS="$backends" \
			STRESS_CLASSES="$(mutant_says "$mutant" stress)" mutant.sh "$(mutant_says "$mutant" finds)" "${options[-1]}"
	done
	guest_built healthy "${machine[@]}" --add "$saved:/t/scripts" -- STRESS="$backends" mutant.sh healthy "${options[@]}"
}

# guest_bodies guest|guest_built NAME "WHERE..." BODY...: bodies of tests/body on the backends that run there.
guest_bodies() {
	"$1" "$2" --iommu intel --device lsi --hugepages 48 --timeout 900 --add "$top_srcdir/tests/body:/t/tests/body" \
		--add "$top_srcdir/tests/backends:/t/tests/backends" -- bodies.sh "${@:3}"
}

case $(basename "$0") in k-*) needs_built ;; esac
