# SPDX-License-Identifier: GPL-2.0-or-later
# In the guest: cases of `dirty verify` that ask for more than the interface promises. What Linux 7.3 does is in docs/dirty.md, with its source
# lines; a kernel of another version may do so, or be right: then the case passes, and nothing else is taken.
. "$(dirname "$0")/lib.sh"
cases='lie-page-size-odd beyond-hole beyond-readonly beyond-nowhere beyond-leaf-begin beyond-leaf-end'
release=$(uname -r)

# beyond CASE BACKEND SEED
beyond() { run -q --backend "$2" --seed "$3" dirty verify --strict --beyond --rounds 2 --case "$1" --json; }
# Each kind of evidence once, without numbers.
evidence() { json '[.missing[].what | gsub("0x[0-9a-f]+"; "X") | gsub("write [0-9]+"; "write")] | unique | join("; ")' | tr -d '"'; }
why() { json '.cases[0].why | gsub("0x[0-9a-f]+"; "X") | gsub("write [0-9]+"; "write")' | tr -d '"'; }

# found CASE WHY EVIDENCE: on 7.3 that, and nothing else; on others that or a pass.
found() {
	local seed
	for seed in 1 2 3; do
		beyond "$1" mock $seed
		case $release in
		7.3.*) ;;
		*)
			if [ "$status" -eq 0 ]; then
				json_is '[.missing, .spurious_pages]' '[[],0]' "$1, seed $seed: Linux $release is right"
				continue
			fi
			;;
		esac
		status_is 1 "$1, seed $seed: found on Linux $release" || diag "$stdout"
		is "$(why)" "$2" "$1, seed $seed: in these words"
		is "$(evidence)" "$3" "$1, seed $seed: with this evidence"
		json_is '[.spurious_pages, .marked]' '[0,true]' "$1, seed $seed: nothing spurious"
		# everything that is missing lies where it was written: bits were lost, none was moved
		json_is '[.missing[].page_size] | unique - [2048]' '[]' "$1, seed $seed: pages of the mock device"
	done
}

found lie-page-size-odd 'a page size of 3000: answered with no error and with bits, where Invalid argument is due' ''
hole='a read over a hole answered no error and had no bit for it; the next read of the mapping has it'
found beyond-hole "missing: no bit for the page at iova X: $hole" "$hole"
unwritten='write of the case, X bytes at X, is not in the read after one that could not write its bitmap'
found beyond-readonly 'a bitmap in memory that can only be read: answered with no error, where Bad address is due' "$unwritten"
found beyond-nowhere 'a bitmap in memory that nobody can access: answered with no error, where Bad address is due' "$unwritten"
part='write of the case, X bytes at X, is not in a read that begins inside of its entry'
found beyond-leaf-begin "missing: no bit for the page at iova X: $part" \
	"$part; write of the case, X bytes at X, is not in the read after one that began inside of its entry"
found beyond-leaf-end 'memory behind the bitmap of X-X was changed by reading it' \
	'write of the case, X bytes at X, is not in the read after one that ended inside of its entry'

# The same by operations nobody chose, with --beyond and only with it.
for seed in 1 2 3 4 5 6 7 8; do
	run -q --json --seed $seed --backend mock stress --beyond --mix dirty --ops 400
	[ "$status" -eq 0 ] || break
done
case $release-$status in
7.3.*-* | *-1)
	status_is 1 "stress --beyond, seed $seed: found on Linux $release"
	json_is '[.mismatches[].kind | test("^dirty")] | all' true "stress --beyond: in a dirty bitmap" || diag "$stdout"
	;;
esac
run -q --json --seed $seed --backend mock stress --mix dirty --ops 400
status_is 0 "stress, the same seed: what is not promised is not judged" || diag "$stdout"

# VFIO's container: the bits of the mapping before it show up behind a mapping that begins in the same 64-bit word, from the second read on.
lsi=$(pci_lsi)
take "$lsi"
neighbours=(dirty verify --source type1 --strict --beyond --rounds 1 --case beyond-neighbours --json)
for seed in 1 2 3; do
	run -q --backend vfio --device "$lsi" --seed $seed "${neighbours[@]}"
	case $release-$status in
	7.3.*-* | *-1)
		status_is 1 "beyond-neighbours, seed $seed: found on Linux $release"
		json_is '[.spurious_pages, .missing_pages]' '[30,0]' "beyond-neighbours, seed $seed: 15 pages in each of two reads"
		json_is '.spurious[0].what' "the second read over two mappings: nothing is mapped there" \
			"beyond-neighbours, seed $seed: not in the first"
		;;
	*) is "$status" 4 "beyond-neighbours, seed $seed: Linux $release is right" ;;
	esac
done
run -q --seed 1 "${neighbours[@]}"
is "$status $(json '.cases[0].result')" "4 pass" "beyond-neighbours: the simulation's container is right"

for case in $cases; do
	beyond "$case" sim 1
	status_is 0 "$case: the simulation is right on the same machine"
done

# Without --beyond none of it is asked for, and the kernel is right.
run -q --backend mock --seed 1 dirty verify --strict --rounds 2 --json
json_is '[.cases[] | select(.name | test("^beyond|odd$"))]' '[]' "without --beyond none of these is run"
json_is '[.missing_pages, .spurious_pages]' '[0,0]' "and no bit is wrong"
run -q --backend mock --seed 1 --allow-crash dirty verify --strict --case lie-page-size-huge
status_is 0 "page sizes up to 1<<63 do this kernel no harm"
done_testing
