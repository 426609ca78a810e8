# SPDX-License-Identifier: GPL-2.0-or-later
# What the guest boots: the kernel package, the base initramfs (cached) and the payload of this run.

# Loaded when a device asks for them (by modalias), but for vfio-pci, which init loads.
readonly guest_modules="vfio-pci vfio_iommu_type1 vfio iommufd virtio_iommu virtio_pci virtio_net virtio_blk virtio-rng
sym53c8xx sd_mod e1000 e1000e igb igbvf nvme ext4 crc32c_generic"

# guest_package: names the kernel package that the meta package depends on.
guest_package() {
	apt-cache depends linux-image-amd64 2>/dev/null | sed -n 's/.*Depends: \(linux-image-[0-9][^ ]*\).*/\1/p' | head -n 1
}

# guest_fetch: prints the path of the stock kernel package, fetched if it is not here yet.
guest_fetch() {
	local package version deb
	package=$(guest_package)
	[ -n "$package" ] || die "apt knows no kernel package" "run apt-get update, or pass --kernel DEB"
	# what apt has to say of its sources is no word of the guest's
	version=$(apt-cache policy "$package" 2>/dev/null | sed -n 's/^ *Candidate: //p')
	deb=$(find "$cache" -maxdepth 1 -name "${package}_${version//:/%3a}_*.deb" | head -n 1)
	if [ -z "$deb" ]; then
		say "fetching $package $version"
		(cd "$cache" && apt-get -q -o APT::Sandbox::User="$(id -un)" download "$package") >&2 ||
			die "cannot fetch $package" "run apt-get update, or pass --kernel DEB"
		deb=$(find "$cache" -maxdepth 1 -name "${package}_${version//:/%3a}_*.deb" | head -n 1)
		[ -n "$deb" ] || die "apt-get download left no $package package in $cache"
	fi
	echo "$deb"
}

# guest_unpack DEB: prints the folder with the unpacked package.
guest_unpack() {
	local key dir
	key=$(basename "$1" .deb)-$(stat -c %s "$1")
	dir=$cache/kernel-$key
	if [ ! -d "$dir" ]; then
		say "unpacking $(basename "$1")"
		rm -rf "$dir.new"
		mkdir -p "$dir.new" && dpkg-deb --fsys-tarfile "$1" | tar -x -C "$dir.new" ./boot ./lib 2>/dev/null ||
			dpkg-deb -x "$1" "$dir.new" || die "cannot unpack $1"
		mv "$dir.new" "$dir" || die "cannot move $dir.new"
	fi
	echo "$dir"
}

# guest_find_kernel: sets vmlinuz, kver and moddir (empty: no modules) from --kernel or the stock package.
guest_find_kernel() {
	local dir=$kernel
	[ -n "$kernel" ] || dir=$(guest_fetch) || return
	[ -e "$dir" ] || die "no kernel at $dir"
	case $dir in *.deb) dir=$(guest_unpack "$dir") || return ;; esac
	if [ -d "$dir" ]; then
		vmlinuz=$(find "$dir/boot" -name 'vmlinuz-*' 2>/dev/null | sort -V | tail -n 1)
		[ -n "$vmlinuz" ] || die "no boot/vmlinuz-* in $dir" "--kernel takes a package, an image or an unpacked package"
	else
		vmlinuz=$dir
	fi
	kver=$(basename "$vmlinuz" | sed 's/^[^-]*-//')
	moddir=
	! guest_monolithic || return 0
	for moddir in "$(dirname "$vmlinuz")/../lib/modules/$kver" "$(dirname "$vmlinuz")/../usr/lib/modules/$kver" "/lib/modules/$kver" ''; do
		[ ! -d "$moddir/kernel" ] || break
	done
	[ -n "$moddir" ] || die "no modules of $kver beside $vmlinuz"
}

# guest_monolithic: whether the configuration beside the image says that this kernel has no modules at all.
guest_monolithic() { grep -qsx '# CONFIG_MODULES is not set' "$(dirname "$vmlinuz")/config-$kver"; }

# guest_plain: makes vmlinuz the kernel that is packed in the image, where QEMU can start such a one: an emulated processor takes longer
# to unpack Debian's (xz) than to boot it. Linux, Documentation/arch/x86/boot.rst: where it lies; QEMU starts what has a PVH entry
# (Xen's include/public/elfnote.h, XEN_ELFNOTE_PHYS32_ENTRY, 18). Any other stays as it is.
guest_plain() {
	local plain
	plain=$cache/vmlinux-$(basename "$vmlinuz" | sed 's/^[^-]*-//')-$(cksum <"$vmlinuz" | cut -d' ' -f1)
	command -v readelf >/dev/null || return 0
	[ -e "$plain" ] || (
		flock 9
		[ -e "$plain" ] || {
			# what goes wrong once is tried again
			guest_unpack_image "$vmlinuz" >"$plain.new" 2>/dev/null || {
				rm -f "$plain.new"
				exit 0
			}
			readelf -nW "$plain.new" 2>/dev/null | grep -E '^ *Xen .*\(0x0*12\)' >/dev/null || : >"$plain.new"
			mv "$plain.new" "$plain"
		}
	) 9>"$cache/lock"
	# an empty one says that there is none
	[ ! -s "$plain" ] || vmlinuz=$plain
}

# guest_unpack_image BZIMAGE: what it has packed, to stdout.
guest_unpack_image() {
	local at length setup
	[ "$(guest_number "$1" 514 4)" = $((0x53726448)) ] || return # "HdrS"
	setup=$(guest_number "$1" 497 1) at=$(guest_number "$1" 584 4) length=$(guest_number "$1" 588 4)
	at=$(((setup + 1) * 512 + at))
	case $(od -An -v -tx1 -j $at -N 4 "$1" | tr -d ' ') in
	1f8b*) head -c $((at + length)) "$1" | tail -c "$length" | gzip -dc ;;
	# behind these, but not behind gzip's, stands the size of what was packed
	fd377a58) head -c $((at + length - 4)) "$1" | tail -c $((length - 4)) | xz -dc ;;
	28b52ffd) head -c $((at + length - 4)) "$1" | tail -c $((length - 4)) | zstd -qdc ;;
	*) false ;;
	esac
}

# guest_number FILE OFFSET SIZE: a number in a file, the low byte first.
guest_number() { od -An -v -tu"$3" --endian=little -j "$2" -N "$3" "$1" | tr -d ' '; }

# guest_kernel: sets vmlinuz and base_initrd; builds what the cache does not have. One builder at a time.
guest_kernel() {
	local key
	guest_find_kernel_locked || return
	key=$(echo "$vmlinuz" "$moddir" "$guest_modules" "${modules[*]}" | cat - "$here/init" "$(readlink -f "$(command -v busybox)")" | cksum | cut -d' ' -f1)
	base_initrd=$cache/base-$kver-$key.cpio
	[ -s "$base_initrd" ] || (
		flock 9
		[ -s "$base_initrd" ] || guest_build_base
	) 9>"$cache/lock" || return
	guest_plain
}

guest_find_kernel_locked() {
	exec 9>"$cache/lock"
	flock 9
	guest_find_kernel
	local status=$?
	exec 9>&-
	return $status
}

# guest_closure MODULE...: prints the files of the modules and of all they need, below moddir.
guest_closure() {
	local name line
	for name in "$@"; do
		line=$(grep -E "/${name//[-_]/[-_]}\.ko[^:/]*:" "$moddir/modules.dep" | head -n 1)
		[ -n "$line" ] || continue # built in, or this kernel has none
		echo "${line/:/}" | tr ' ' '\n'
	done | sort -u
}

# guest_copy_modules DEST: the modules that guests need, and what they need, unpacked.
guest_copy_modules() {
	local file out
	[ -s "$moddir/modules.dep" ] || depmod -b "${moddir%/lib/modules/*}" "$kver" || die "depmod failed for $kver" "apt-get install kmod"
	for file in $(guest_closure $guest_modules "${modules[@]}"); do
		out=$1/$(basename "${file%.*z*}")
		case $file in
		*.xz) xz -dc "$moddir/$file" >"$out" ;;
		*.zst) zstd -qdc "$moddir/$file" >"$out" ;;
		*.gz) gzip -dc "$moddir/$file" >"$out" ;;
		*) cp "$moddir/$file" "$1/" ;;
		esac || die "cannot copy the module $file"
	done
	cp "$moddir"/modules.{builtin,builtin.modinfo,order} "$1/" 2>/dev/null
	depmod -b "${1%/lib/modules/*}" "$kver" 2>/dev/null || die "depmod failed for the guest"
	rm -f "$1"/modules.{builtin*,order,*.bin}
}

guest_build_base() {
	local root=$rundir/base file
	say "building the base initramfs for $kver"
	mkdir -p "$root"/{bin,sbin,usr/bin,usr/sbin,etc,dev,proc,sys,tmp,run,root,user,var/lib,var/tmp,"lib/modules/$kver"} || return
	[ -z "$moddir" ] || guest_copy_modules "$root/lib/modules/$kver" || return
	cp "$(readlink -f "$(command -v busybox)")" "$root/bin/busybox" || return
	for file in $("$root/bin/busybox" --list); do
		[ "$file" = busybox ] || ln -s busybox "$root/bin/$file"
	done
	ln -s ../bin/modprobe "$root/sbin/modprobe"
	printf 'root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000:user:/user:/bin/sh\n' >"$root/etc/passwd"
	printf 'root:x:0:\nuser:x:1000:\n' >"$root/etc/group"
	cp "$here/init" "$root/init" && chmod 755 "$root/init" || return
	(cd "$root" && find . | cpio -o -H newc -R 0:0 --quiet) >"$base_initrd.new" || die "cannot build the initramfs"
	mv "$base_initrd.new" "$base_initrd"
}

# guest_put FILE DEST: one file, and the libraries it is linked with (the loader and sanitizer runtimes included).
guest_put() {
	local dest=$rundir/payload$2 lib
	mkdir -p "$(dirname "$dest")" && cp -rL "$1" "$dest" || die "cannot copy $1"
	[ ! -d "$1" ] || return 0
	for lib in $(ldd "$1" 2>/dev/null | sed -n 's/.* => \(\/[^ ]*\).*/\1/p; s/^[[:space:]]*\(\/[^ ]*\) (.*/\1/p'); do
		[ -e "$rundir/payload$lib" ] || {
			mkdir -p "$rundir/payload$(dirname "$lib")" && cp -L "$lib" "$rundir/payload$lib"
		} || die "cannot copy $lib"
	done
}

guest_put_binary() {
	local try explicit=$binary
	if [ -z "$binary" ]; then
		for try in "${IOMMUCTL:-}" "$top/build/iommuctl" "$top/iommuctl"; do
			[ -z "$try" ] || [ ! -x "$try" ] || binary=$try
			[ -z "$binary" ] || break
		done
	fi
	[ -z "$explicit" ] || [ -x "$explicit" ] || die "no binary $explicit"
	if [ -z "$binary" ]; then
		say "no iommuctl built yet: the guest goes without"
		return 0
	fi
	guest_put "$binary" "/usr/sbin/$(basename "$binary")" && guest_put_data
}

# guest_put_data: this tree's repros and recipes: where an installed binary looks, and repros beside it, where that of any prefix does first.
guest_put_data() {
	local share=$rundir/payload/usr/local/share/iommuctl
	mkdir -p "$share/repro" "$share/recipes" || return
	cp "$top"/repro/*.iommu "$share/repro/" && cp -r "$top"/recipes/. "$share/recipes/" || die "cannot copy repros and recipes"
	ln -s /usr/local/share/iommuctl/repro "$rundir/payload/usr/sbin/repro"
}

# guest_acpi: sets acpi_initrd: the tables, where the kernel looks for them; empty without any.
guest_acpi() {
	local table dir=$rundir/acpi/kernel/firmware/acpi
	acpi_initrd=
	[ ${#acpi[@]} -gt 0 ] || return 0
	mkdir -p "$dir" || return
	for table in "${acpi[@]}"; do
		cp -L "$table" "$dir/" || die "cannot copy $table"
	done
	acpi_initrd=$rundir/acpi.cpio
	(cd "$rundir/acpi" && find . -mindepth 1 | sed 's,^\./,,' | cpio -o -H newc -R 0:0 --quiet) >"$acpi_initrd"
}

# guest_payload: sets payload_initrd: the binary, added files and the script.
guest_payload() {
	local spec file dest word
	mkdir -p "$rundir/payload/run-vm" || return
	guest_put_binary || return
	for spec in "${adds[@]}"; do
		file=${spec%%:*} dest=${spec#*:}
		[ -e "$file" ] || die "no file $file to add"
		if [ "$dest" = "$spec" ]; then
			dest=/root/$(basename "$file")
			[ -d "$file" ] || [ ! -x "$file" ] || dest=/usr/bin/$(basename "$file")
		fi
		guest_put "$file" "$dest" || return
	done
	if [ -n "$script" ]; then
		cp "$script" "$rundir/payload/run-vm/script"
	else
		for word in "${command[@]}"; do printf "'%s' " "${word//\'/\'\\\'\'}"; done >"$rundir/payload/run-vm/script"
	fi || return
	printf 'drivers=%s terminal=%s\n' "$drivers" "$terminal" >"$rundir/payload/run-vm/options"
	payload_initrd=$rundir/payload.cpio
	(cd "$rundir/payload" && find . | cpio -o -H newc -R 0:0 --quiet) >"$payload_initrd"
}
