# SPDX-License-Identifier: GPL-2.0-or-later
# iommuctl capture: a machine as a file, which list, caps and audit read as they read the machine; what is masked; and what
# happens to the file.
. "$(dirname "$0")/lib.sh"
mkhost=$top_srcdir/tests/data/mkhost

unpack() { # FILE DIR
	rm -rf "$2"
	mkdir -p "$2"
	tar -xf "$1" -C "$2"
}
says() { # ROOT COMMAND: its JSON, wherever it was read
	run --json --seed 1 --sysroot "$1" "$2"
	sed "s,$1,ROOT,g" "$tmp/stdout"
}

# --- the same on every machine ---------------------------------------------------------------------------------------
for host in $(bash "$mkhost" --list); do
	root=$tmp/$host
	bash "$mkhost" "$host" "$root"
	run --sysroot "$root" capture "$tmp/$host.tar"
	status_is 0 "$host is captured"
	ok "tar reads it" unpack "$tmp/$host.tar" "$tmp/back"
	for command in list caps audit; do
		want=$(says "$root" $command)
		is "$(says "$tmp/back" $command)" "$want" "$command says the same of the capture"
	done
done

# --- the file --------------------------------------------------------------------------------------------------------
is "$(stat -c %a "$tmp/server.tar")" 600 "it is for its owner alone"
is "$(ls "$tmp" | grep -c 'tar\..')" 0 "nothing is left of how it was made"
run --sysroot "$tmp/server" capture "$tmp/server.tar"
status_is 2 "what is there is not replaced"
like "$stderr" 'cannot write .*server.tar: File exists' "and said"
like "$stderr" '^hint: --force replaces it' "with how to"
run --sysroot "$tmp/server" capture "$tmp/server.tar" --force --json
status_is 0 "--force"
json_is '.masked' true "JSON: masked"
json_is '.files > 100 and .links > 50 and .bytes == (.bytes / 10240 | floor * 10240)' true "what it holds"
json_is '.masks.serial_numbers' 1 "what was masked"
is "$(stat -c %s "$tmp/server.tar")" "$(json .bytes)" "its size is the one told"
like "$(tar -tvf "$tmp/server.tar")" '^lrwx.* sys/bus/pci/devices/10000:01:00.0 -> ../../../devices/pci0000:00/0000:00:0e.0/pci10000:00/10000:00:02.0/10000:01:00.0$' \
	"devices are links, as in sysfs"
like "$(tar -tvf "$tmp/server.tar")" ' 4096 .* sys/devices/pci0000:16/0000:16:02.0/0000:17:00.0/config$' "and have their config space"
run --sysroot "$tmp/server" capture /dev/null --force
status_is 2 "/dev/null is not replaced by a file"
ok "and is still there" test -c /dev/null
run --sysroot "$tmp/server" capture "$tmp/none-such/x.tar"
status_is 2 "a directory that is not there"
run capture
status_is 64 "no file named"
run capture a b
status_is 64 "two files named"
run --sysroot "$tmp/server" capture - --json
status_is 64 "stdout takes one thing"
run --sysroot "$tmp/server" capture -
status_is 0 "- is stdout"
like "$stderr" '^stdout: [0-9]+ files' "the summary goes to stderr"
ok "and the archive is the same" cmp <(tar -xOf "$tmp/stdout" sys/firmware/acpi/tables/DMAR) "$tmp/server/sys/firmware/acpi/tables/DMAR"
run --sysroot "$tmp/server.tar" list
status_is 2 "a capture that is not unpacked"
like "$stderr" '^hint: unpack a capture first: mkdir DIR && tar -xf .*server.tar -C DIR$' "what to do"
(
	# the largest file that may be written is smaller than it
	ulimit -f 8
	trap '' XFSZ
	"$IOMMUCTL" --sysroot "$tmp/server" capture "$tmp/large.tar" >"$tmp/stdout" 2>"$tmp/stderr"
	echo $? >"$tmp/status"
)
is "$(<"$tmp/status")" 2 "no room for it"
like "$(<"$tmp/stderr")" 'File too large' "is an error"
is "$(ls "$tmp" | grep -c '^large')" 0 "and leaves nothing"

# --- refusals --------------------------------------------------------------------------------------------------------
run --sysroot "$tmp/unreadable" capture "$tmp/u.tar" --force
like "$stdout" '^not readable, and kept as that: /sys/firmware/acpi/tables/DMAR \(Permission denied\)$' "what was refused is told"
unpack "$tmp/u.tar" "$tmp/back"
is "$(sort "$tmp/back/iommuctl/unreadable")" "/iommuctl/kmsg EPERM
/sys/firmware/acpi/tables/DMAR EACCES" "and kept"
run --sysroot "$tmp/back" audit
like "$stdout" 'DMAR.*Permission denied' "its readers are refused again"
if [ "$(id -u)" -ne 0 ]; then
	chmod 0 "$tmp/laptop/sys/firmware/acpi/tables/DMAR"
	run --sysroot "$tmp/laptop" capture "$tmp/refused.tar"
	like "$(tar -xOf "$tmp/refused.tar" iommuctl/unreadable)" '^/sys/firmware/acpi/tables/DMAR EACCES$' "a file that may not be read"
	chmod 644 "$tmp/laptop/sys/firmware/acpi/tables/DMAR"
else
	skip "a file that may not be read" "root may read everything"
fi

# --- what is masked --------------------------------------------------------------------------------------------------
secret=$tmp/secret
bash "$mkhost" intel "$secret"
# shellcheck source=tests/data/lib-host.sh
(
	root=$secret data=$top_srcdir/tests/data
	. "$data/lib-host.sh"
	. "$data/lib-config.sh"
	put proc/cmdline 'root=UUID=1234 intel_iommu=on token="se cret" iommu.strict=1\n'
	put proc/cpuinfo 'vendor_id\t: GenuineIntel\nSerial\t: 00000000deadbeef\n'
	net enx525400abcdef sys/devices/pci0000:00/0000:06:00.0 0x1003 up
	conf pci0000:00/0000:06:00.0 endpoint dsn=1122334455667788
	kmsg 'Kernel command line: root=UUID=1234 intel_iommu=on token="se cret"' \
		'vfio-pci 0000:06:00.0: at 52:54:00:ab:cd:ef' 'usb 1-1: SerialNumber: XYZZY' 'DMAR: Host address width 39'
)
run --sysroot "$secret" capture "$tmp/secret.tar"
status_is 0 "a machine with secrets"
unpack "$tmp/secret.tar" "$tmp/back"
is "$(<"$tmp/back/proc/cmdline")" 'root=masked intel_iommu=on token=masked iommu.strict=1' "the command line"
is "$(grep -arlE 'se cret|UUID=1234|XYZZY|deadbeef|52:54:00:ab:cd:ef|525400abcdef' "$tmp/back")" "" "no secret is in any file"
is "$(find "$tmp/back" | grep -c 525400abcdef)" 0 "nor in a name"
is "$(find "$tmp/back" -type l -lname '*525400abcdef*')" "" "nor in a link"
ok "the interface has another name" test -e "$tmp/back/sys/class/net/enx020000000001"
is "$(sed 1q "$tmp/back/iommuctl/kmsg")" 'Kernel command line: masked' "the log"
like "$(<"$tmp/back/iommuctl/kmsg")" '^vfio-pci 0000:06:00.0: at 02:00:00:00:00:01$' "the same address has the same number there"
unlike "$(<"$tmp/back/iommuctl/kmsg")" 'usb 1-1' "lines that nobody looks at are left out"
config=sys/devices/pci0000:00/0000:06:00.0/config
is "$(cmp -l "$secret/$config" "$tmp/back/$config" | wc -l)" 8 "eight bytes of the config space differ: the serial number"
for command in caps audit; do
	want=$(says "$secret" $command | jq -c 'del(.kernel_settings)')
	is "$(says "$tmp/back" $command | jq -c 'del(.kernel_settings)' | sed 's/enx020000000001/enx525400abcdef/g')" "$want" \
		"$command finds the same"
done
run --sysroot "$secret" capture --raw "$tmp/raw.tar"
like "$stdout" '^nothing is masked' "--raw says so"
unpack "$tmp/raw.tar" "$tmp/back"
is "$(<"$tmp/back/proc/cmdline")" "$(<"$secret/proc/cmdline")" "--raw: the command line"
ok "the config space" cmp "$secret/$config" "$tmp/back/$config"
ok "the interface" test -e "$tmp/back/sys/class/net/enx525400abcdef"
like "$(<"$tmp/back/iommuctl/capture.txt")" '^masked: no$' "and the file tells"

# --- this machine ----------------------------------------------------------------------------------------------------
run capture --no-open "$tmp/here.tar"
status_is 0 "this machine is captured"
unpack "$tmp/here.tar" "$tmp/back"
run --sysroot "$tmp/back" list
status_is 0 "and read again"
done_testing
