# SPDX-License-Identifier: GPL-2.0-or-later
# What list, caps and audit say of each machine of tests/data/hosts. Three things are held against it: findings that each machine
# must have and must not have, written down below by hand from how the machine was made; that nothing else of medium or high
# severity is found; and the whole of what was said and read over once, in tests/data/expected.
#   bash tests/cli/sysroots.sh --regenerate    writes those files anew: read the difference before it is kept
. "$(dirname "$0")/lib.sh"
mkhost=$top_srcdir/tests/data/mkhost expected=$top_srcdir/tests/data/expected
have_jq || skip_all "jq is not installed"

# HOST has|not ID [SUBJECT]: "not" without a subject is about any. All of medium and high severity are named.
facts() {
	cat <<-'EOT'
		amd           has group-shared group 2
		amd           not lazy-flush
		amd-desktop   has group-shared group 2
		amd-desktop   has reserved-direct machine
		amd-desktop   not source-mismatch
		amd-desktop   not acpi-malformed
		amd-desktop   not dirty-unverified
		amd-desktop   not preboot-dma
		amd-desktop   not interrupt-remapping-off
		amd-server    has acpi-malformed IVRS
		amd-server    has source-mismatch IVRS
		amd-server    has source-mismatch ivhd1
		amd-server    has dirty-unverified 0000:41:00.0
		amd-server    not dirty-unmeasured
		amd-server    not source-mismatch ivhd0
		amd-server    not ats-untrusted
		arm-server    has dirty-unverified 0000:02:00.0
		arm-server    has reserved-direct machine
		arm-server    has msi-window kernel
		arm-server    not register-forbidden
		arm-server    not interrupt-remapping-off
		arm-server    not acpi-malformed
		bridge        has bridge-alias 0000:01:00.0
		bridge        has group-host-bridge group 2
		bridge        has group-shared group 2
		bridge        not config-broken
		broken-config has config-broken 0000:00:01.0
		broken-config has config-broken 0000:00:02.0
		broken-config has config-broken 0000:00:03.0
		broken-config has config-broken 0000:00:05.0
		broken-config has not-readable machine
		broken-config not config-broken 0000:00:00.0
		broken-config not config-broken 0000:00:04.0
		broken-config not config-broken 0000:00:06.0
		broken-tables has acpi-malformed DMAR
		broken-tables has acpi-malformed IVRS
		broken-tables has acpi-overlap DMAR
		broken-tables has acpi-misaligned DMAR
		broken-tables has acpi-reference DMAR
		broken-tables has acpi-reference IVRS
		broken-tables has source-mismatch dmar1
		broken-tables not source-mismatch dmar0
		broken-tables not drhd-uncovered
		faults        has kernel-faults 0000:01:00.0
		faults        has pte-already-set kernel
		faults        has kernel-complaint kernel
		faults        not not-readable
		intel         has lazy-flush kernel
		intel         has group-shared group 5
		intel         has group-shared group 6
		intel         has not-readable machine
		intel         not group-shared group 4
		laptop        has group-shared group 5
		laptop        has no-snoop-control dmar0
		laptop        has reserved-relaxable machine
		laptop        has kernel-bug vtd-flush-mask
		laptop        not no-snoop-control dmar1
		laptop        not reserved-direct
		laptop        not pte-already-set
		laptop        not drhd-uncovered
		laptop        not source-mismatch
		lying         has acpi-malformed IORT
		lying         has acpi-malformed IVRS
		lying         has register-forbidden dmar1
		lying         has source-broken capture
		lying         has source-broken dmar0
		lying         has source-broken dmar1
		lying         has source-broken ivhd0
		lying         has source-broken smmu3.0xnonsense
		lying         has not-readable machine
		no-acs        has group-shared group 2
		no-acs        has group-shared group 3
		no-acs        not group-host-bridge
		no-acs        not bridge-alias
		none          has iommu-absent machine
		none          not iommu-off
		off           has iommu-off kernel
		off           not iommu-absent
		qemu-intel    not no-snoop-control 0000:00:01.0
		qemu-intel    not preboot-dma
		qemu-intel    not interrupt-remapping-off
		qemu-intel    not group-shared
		riscv         has msi-window kernel
		riscv         not interrupt-remapping-off
		riscv         not iommu-absent
		server        has group-shared group 2
		server        has dirty-unverified 0000:17:02.0
		server        has dirty-unverified dmar0
		server        has reserved-relaxable machine
		server        not ats-untrusted
		server        not preboot-dma
		server        not register-forbidden
		server        not source-mismatch
		server        not drhd-uncovered
		server        not not-readable
		server        not group-shared group 6
		thunderbolt   has ats-untrusted 0000:03:00.0
		thunderbolt   has pri-untrusted 0000:03:00.0
		thunderbolt   not ats-untrusted 0000:01:00.0
		thunderbolt   not preboot-dma
		thunderbolt   not acpi-reference
		uncovered     has drhd-uncovered 0000:00:14.0
		uncovered     has reserved-direct group 2
		uncovered     has iova-width dmar0
		uncovered     not drhd-uncovered 0000:01:00.0
		unreadable    has not-readable machine
		unreadable    not iommu-off
		unreadable    not iommu-absent
		unreadable    not drhd-uncovered
		unreadable    not config-broken
		lying         not msi-window
		virtio-guest  has dirty-unmeasured 0000:00:03.0
		virtio-guest  has lazy-flush kernel
		virtio-guest  has unsafe-interrupts kernel
		virtio-guest  has interrupt-remapping-off kernel
		virtio-guest  not acpi-malformed
		weak          has interrupt-remapping-off kernel
		weak          has msi-window kernel
		weak          has noiommu-mode kernel
		weak          has open-permissions /dev/vfio/2
		weak          has open-permissions /dev/iommu
		weak          has unsafe-interrupts kernel
		weak          has passthrough-default kernel
		weak          has dma-mask 0000:00:1f.3
		weak          has superpages-off kernel
		weak          has kernel-bug vtd-unmap-leaves-entries
		weak          not open-permissions /dev/vfio/vfio
		weak          not lazy-flush
	EOT
}

# What is said, without what differs from one machine that runs the test to the next: names of devices, kernel, seed.
said_list() {
	run --json --sysroot "$1" list
	json '(.groups[] | "group \(.id) \(.type): \(.devices | join(" "))\(if .viable then "" else "; blocked by \(.blockers | join(" "))" end)"),
		(.groups[] | .id as $id | .reserved[] | "group \($id) reserved: \(.start)-\(.last) \(.type)"),
		(.devices[] | "\(.id) \(.ids) \(.class) \(.driver) group=\(.group // "-") iommu=\(.iommu): \(if .ready then "ready" else .why end)\(if .hint == "" then "" else " [\(.hint)]" end)")'
}
said_caps() {
	run --sysroot "$1" caps
	sed 1d "$tmp/stdout"
}
said_audit() { # the evidence of a bug by version is the version
	run --json --sysroot "$1" audit
	json '.findings[] | "\(.severity) \(.id) \(.subject): \(.summary)", (select(.id != "kernel-bug") | .evidence[] | "    \(.source): \(.text)")'
}
said() {
	local what
	for what in list caps audit; do
		echo "== $what"
		"said_$what" "$1"
	done
}

# The findings as "HOST ID SUBJECT" lines; those of medium or high severity after the second argument.
findings() { # HOST [true]
	json ".findings[] | select(${2:-false} == false or .severity == \"medium\" or .severity == \"high\") | \"$1 \(.id) \(.subject)\"" | sort -u
}

check_facts() { # HOST; the audit is in $tmp/stdout
	local host=$1 all severe verdict id subject name
	all=$(findings "$host") severe=$(findings "$host" true)
	while read -r name verdict id subject; do
		[ "$name" = "$host" ] || continue
		if [ "$verdict" = has ]; then
			ok "$host: $id of $subject is found" grep -qxF "$host $id $subject" <<<"$all"
			severe=$(grep -vxF "$host $id $subject" <<<"$severe")
		else
			nok "$host: no $id${subject:+ of $subject}" grep -q "^$host $id ${subject:+$subject\$}" <<<"$all"
		fi
	done < <(facts)
	is "$severe" "" "$host: and nothing else that matters"
}

for host in $(bash "$mkhost" --list); do
	root=$tmp/$host
	bash "$mkhost" "$host" "$root"
	said "$root" >"$tmp/said"
	if [ "${1:-}" = --regenerate ]; then
		cp "$tmp/said" "$expected/$host.txt"
	elif cmp -s "$tmp/said" "$expected/$host.txt"; then
		pass "$host: what is said is what was expected"
	else
		fail "$host: what is said is what was expected"
		diag "$(diff "$expected/$host.txt" "$tmp/said" | head -n 40)"
	fi
	run --json --sysroot "$root" audit
	want=0
	[ "$(json '[.findings[] | select(.severity == "high")] | length')" -eq 0 ] || want=1
	status_is $want "$host: the audit's status"
	check_facts "$host"
done
done_testing
