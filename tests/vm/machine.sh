# SPDX-License-Identifier: GPL-2.0-or-later
# The machine: QEMU's options for an IOMMU and devices, and the judgement of what the guest left behind.

# machine_has_prop DEVICE PROPERTY: option names differ between QEMU versions; the binary itself is asked.
machine_has_prop() { "$qemu" -device "$1,help" 2>&1 | grep -q "^ *$2="; }

# machine_options_of DEVICE KEY=VALUE,...: prints them as this QEMU spells them, each after a comma.
machine_options_of() {
	local option key other
	for option in ${2//,/ }; do
		key=${option%%=*} other=x-${option%%=*}
		case $key in x-*) other=${key#x-} ;; esac
		machine_has_prop "$1" "$key" || ! machine_has_prop "$1" "$other" || key=$other
		printf ',%s' "$key=${option#*=}"
	done
}

# Where interrupts are not remapped, type1 and iommufd want to be told that this is known.
readonly machine_unsafe_interrupts="vfio_iommu_type1.allow_unsafe_interrupts=1 iommufd.allow_unsafe_interrupts=1"

machine_iommu() {
	local device= options= words=
	case $iommu in
	none) words="intel_iommu=off amd_iommu=off" ;;
	intel | intel-sm)
		device=intel-iommu options=,intremap=on
		[ $iommu = intel ] || options=$options$(machine_options_of $device scalable-mode=on)
		# Not every kernel has VT-d on by default.
		words=intel_iommu=on
		;;
	amd)
		device=amd-iommu options=,intremap=on
		# Without dma-remap, QEMU 10.2 and later let DMA through untranslated.
		! machine_has_prop amd-iommu dma-remap || options=$options,dma-remap=on
		# Linux 7.3 wants a bridge where QEMU's tables put the IOAPIC, finds none and does not remap interrupts.
		words=$machine_unsafe_interrupts
		;;
	virtio)
		device=virtio-iommu-pci options=,addr=02.0
		# virtio-iommu cannot remap interrupts.
		words=$machine_unsafe_interrupts
		;;
	*) die "unknown --iommu $iommu" "intel, intel-sm, amd, virtio or none" ;;
	esac
	[ -z "$device" ] || qemu_args+=(-device "$device$options$(machine_options_of "$device" "$iommu_options")")
	[ $bare_cmdline = yes ] || cmdline="$cmdline $words"
}

# machine_defaults NAME INDEX: prints the options a device cannot do without.
machine_defaults() {
	case $1 in
	nvme)
		truncate -s 64M "$rundir/disk$2"
		qemu_args+=(-drive "file=$rundir/disk$2,format=raw,if=none,id=drive$2")
		defaults=",serial=vm$2,drive=drive$2"
		;;
	# The option ROMs are not used, and a fetched QEMU has none.
	e1000* | igb | rtl8139 | vmxnet3)
		defaults=,romfile=
		# A network of its own, with nobody else on it; all that is sent into it is kept.
		if [ -n "$packets" ]; then
			qemu_args+=(-netdev "hubport,id=net$2,hubid=$2" -object "filter-dump,id=packets$2,netdev=net$2,file=$packets.$2")
			defaults=$defaults,netdev=net$2
		fi
		;;
	# A virtio device that is not told so ignores the IOMMU.
	virtio-*) defaults=,iommu_platform=on,disable-legacy=on ;;
	*) defaults= ;;
	esac
}

machine_devices() {
	local i=0 slot=4 spec name opts defaults bus

	[ $placement != bridge ] || qemu_args+=(-device pcie-pci-bridge,id=bridge0,addr=03.0)
	for spec in "${devices[@]}"; do
		name=${spec%%,*} opts=
		[ "$name" = "$spec" ] || opts=,${spec#*,}
		case $name in lsi) name=lsi53c895a ;; esac
		machine_defaults "$name" $i
		case $placement in
		root) bus=,addr=$(printf %02x.0 $slot) ;;
		bridge) bus=,bus=bridge0,addr=$(printf %02x.0 $((i + 1))) ;;
		port)
			qemu_args+=(-device "pcie-root-port,id=port$i,chassis=$((i + 1)),slot=$i,addr=$(printf %02x.0 $slot)$port_options")
			bus=,bus=port$i
			;;
		esac
		case $opts in *,addr=* | *,bus=*) bus= ;; esac
		qemu_args+=(-device "$name$defaults$opts$bus")
		i=$((i + 1)) slot=$((slot + 1))
	done
}

machine_options() {
	local machine=q35
	# A panic ends QEMU at once; mitigations and self-tests only cost time under emulation.
	cmdline="console=ttyS0,115200 panic=-1 mitigations=off cryptomgr.notests random.trust_cpu=on"
	# On a busy host the timer ticks too late for the check at boot, which then panics.
	cmdline="$cmdline no_timer_check"
	# Nor is the processor's own counter, which is the clock of the host, to be given up because two clocks were not read at once.
	cmdline="$cmdline tsc=reliable"
	# Others take the processors: that a thread of the guest gets none for a while is no fault of its kernel.
	cmdline="$cmdline watchdog_thresh=60 rcupdate.rcu_cpu_stall_timeout=120"
	# The SCSI bus behind lsi is empty: nothing there needs 3 s to settle.
	cmdline="$cmdline sym53c8xx.settle=0"
	case $accel in
	tcg) qemu_args=(-accel "tcg,thread=multi" -cpu max) ;;
	kvm)
		qemu_args=(-accel kvm -cpu host)
		machine=q35,kernel-irqchip=split
		;;
	*) die "unknown --accel $accel" "tcg or kvm" ;;
	esac
	# Nothing is typed: a kernel waits for seconds for the answer of a keyboard and a mouse.
	! "$qemu" -M "$machine,help" 2>/dev/null | grep '^ *i8042=' >/dev/null || machine=$machine,i8042=off
	qemu_args+=(-M "$machine" -smp 2 -m "$memory" -nodefaults -no-user-config -display none -no-reboot -monitor none)
	machine_iommu
	machine_devices
	[ "$hugepages" = 0 ] || cmdline="$cmdline hugepagesz=2M hugepages=$hugepages"
	cmdline="$cmdline$append"
}

# What a kernel says when something is wrong with it, whoever caused it.
readonly machine_complaints='WARNING: |BUG: |kernel BUG at|Oops|KASAN|KCSAN|UBSAN|KFENCE|Kernel panic|general protection fault|unable to handle|DMA PTE for vPFN|rcu.*(self-detected stall|detected stalls)|blocked for more than|soft lockup|hard LOCKUP|list_(add|del) corruption|Bad page (state|map)|refcount_t: |use-after-free|scheduling while atomic'

# machine_complained: prints the complaints that are not allowed; what was allowed goes to $rundir/allowed.
machine_complained() {
	local regex filter=('^$')
	# The kernel's own sym53c8xx frees DMA memory with interrupts off whenever it is unbound.
	[ "$drivers" != all ] || filter+=('WARNING: .* kernel/dma/mapping\.c:[0-9]+ dma_free_attrs')
	for regex in "${allow[@]}"; do filter+=("$regex"); done
	filter=$(IFS='|' && echo "${filter[*]}")
	tr -d '\r' <"$rundir/kernel.log" | grep -aE "$machine_complaints" >"$rundir/complaints"
	grep -aE "$filter" "$rundir/complaints" >"$rundir/allowed"
	grep -avE "$filter" "$rundir/complaints"
}

# machine_tainted BEFORE AFTER: whether the kernel became tainted by more than an allowed WARNING.
machine_tainted() {
	local new=$(($2 & ~$1))
	[ ! -s "$rundir/allowed" ] || new=$((new & ~512))
	[ $new -ne 0 ]
}

# machine_last_words LINES: the end of the kernel log, on stderr.
machine_last_words() { tr -d '\r' <"$rundir/kernel.log" | tail -n "$1" >&2; }

# machine_death QEMU_STATUS: in a line, how a guest ended that never ran our command.
machine_death() {
	local line
	line=$(tr -d '\r' <"$rundir/kernel.log" | grep -aE 'Kernel panic|Oops|BUG: ' | head -n 1)
	echo "${line:-QEMU's status $1, its kernel's last words: $(tr -d '\r' <"$rundir/kernel.log" | tail -n 1)}"
}

# machine_fetch FOLDER: what the guest's command left in /out, which init sent before the verdict.
machine_fetch() {
	[ -n "$1" ] || return 0
	mkdir -p "$1" || die "cannot create $1"
	! grep -q '^out ' <<<"$verdict" ||
		sed -n 's/^out //p' <<<"$verdict" | base64 -d | tar -xz --no-same-owner --no-same-permissions -C "$1" || die "cannot unpack what the guest left in /out"
}

# machine_judge QEMU_STATUS: turns what the guest left into our exit status.
machine_judge() {
	local complaints taint status

	if complaints=$(machine_complained); then
		say "the guest's kernel complained:"
		echo "$complaints" | head -n 20 >&2
		[ -n "$log" ] || tr -d '\r' <"$rundir/kernel.log" | grep -aF -A25 "$(echo "$complaints" | head -n 1)" >&2
		exit $ST_COMPLAINT
	fi
	if [ "$(echo "$verdict" | tail -n 1)" != finished ]; then
		if [ "$1" = 124 ] || [ "$1" = 137 ]; then
			say "the guest did not finish within $timeout s; its kernel's last words:"
			machine_last_words 8
			exit $ST_TIMEOUT
		fi
		[ -s "$rundir/kernel.log" ] || die "QEMU did not start: $(tail -n 3 "$rundir/qemu.log")"
		say "the guest ended without a verdict (QEMU's status $1); its kernel's last words, and QEMU's:"
		machine_last_words 15
		tail -n 5 "$rundir/qemu.log" >&2
		exit $ST_NO_VERDICT
	fi
	taint=$(echo "$verdict" | sed -n 's/^taint //p')
	if machine_tainted $taint; then
		say "the guest's kernel became tainted: $taint (/proc/sys/kernel/tainted before, after)"
		exit $ST_COMPLAINT
	fi
	status=$(echo "$verdict" | sed -n 's/^exit //p')
	case $status in
	'' | *[!0-9]*) die "the guest's verdict cannot be read: $verdict" ;;
	esac
	exit "$status"
}
