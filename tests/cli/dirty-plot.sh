# SPDX-License-Identifier: GPL-2.0-or-later
# dirty plot: heat maps and rates from files of the simulated IOMMU, in the terminal, as SVG and PNG; where they cannot be drawn or written.
. "$(dirname "$0")/lib.sh"
cd "$tmp" || exit 1

cat >script <<'EOT'
map a --size 1M --iova 0x100000
map b --size 64K --iova 0x900000
dirty start
dma write a+0x2000 --size 64K
dma write a+0x21000 --size 1
dirty read-clear a -o r0.dirty
dma write a --size 4K
dirty read-clear a -o r1.dirty
dma write a --size 1M
dirty read-clear a -o full.dirty
dirty read-clear a -o empty.dirty
dirty read-clear b -o other.dirty
EOT
run -q --seed 1 run script
status_is 0 "there are bitmaps" || done_testing

# the picture: what stands between the header of its columns and the scale
picture() { sed -n '/iova +0/,/^dirty share/p' <<<"$stdout" | sed '1d;$d' | sed '/^$/d'; }
dots() { printf "%$1s" '' | tr ' ' "$2"; }

run dirty plot r0.dirty
status_is 0 "a heat map in the terminal"
is "$(picture)" "0x100000 ....$(dots 32 '#')$(dots 28 .)
0x120000 ..##$(dots 60 .)
0x140000 $(dots 64 .)
0x160000 $(dots 64 .)
0x180000 $(dots 64 .)
0x1a0000 $(dots 64 .)
0x1c0000 $(dots 64 .)
0x1e0000 $(dots 64 .)" "each page in its place"
like "$stdout" '^iova 0x100000 to 0x1fffff, 1M in pages of 4K: 17 of 256 dirty \(6.64 %\)$' "what was read is said"
like "$stdout" '^a cell is 4K \(1 page\), a row 128K; dirty pages in 17 of 256 cells$' "and what a cell stands for"
like "$stdout" '^source iommu, simulated, backend sim, device sim, ' "and whose bits they are"
unlike "$stdout" $'\033' "without colour there is no escape sequence"
run dirty plot full.dirty
is "$(picture | cut -c 10- | sort -u)" "$(dots 64 '#')" "full looks full"
run dirty plot empty.dirty
is "$(picture | cut -c 10- | sort -u)" "$(dots 64 .)" "empty looks empty"
run dirty plot full.dirty --height 12 --width 40
is "$(picture | wc -l) $(picture | cut -c 10- | sort -u)" "2 $(dots 16 '#')" "a small terminal has larger cells"

# colours: where they are wanted and the locale has the characters
LC_ALL=C.UTF-8 run --color always dirty plot r0.dirty
like "$stdout" $'^0x100000 \033\\[38;5;254m\033\\[48;5;254m\xe2\x96\x80' "colours are of the terminal's 256"
like "$stdout" $'\033\\[38;5;53m' "full is dark"
LC_ALL=C.UTF-8 run dirty plot r0.dirty
unlike "$stdout" $'\033' "NO_COLOR, and no terminal: none"
LC_ALL=C run --color always dirty plot r0.dirty
unlike "$stdout" $'\033\\[[34]8' "a locale without the characters: none in the picture"
LC_ALL=C.UTF-8 run --color always --tap dirty plot r0.dirty
unlike "$stdout" $'\033' "none in TAP"
like "$stdout" '^# 0x120000 \.\.##' "which has it as comments"

run --json dirty plot r0.dirty
json_is '[.source, .iova, .length, .page_size, .format, .file, .caveat]' '["iommu","0x100000",1048576,4096,"terminal","",""]' "JSON says what it is of"
json_is '[.dirty_pages, .columns, .rows, .cells, .dirty_cells, .cell_bytes, .row_bytes, .peak]' \
	'[17,32,8,256,17,4096,131072,{"share":1,"iova":"0x102000"}]' "and what was drawn"
run --json dirty plot empty.dirty
json_is .peak '{"share":0,"iova":null}' "nothing dirty has no place"

# SVG
run --json dirty plot r0.dirty -o map.svg
status_is 0 "a heat map as SVG"
json_is '[.format, .file, .columns, .rows]' '["svg","map.svg",32,8]' "JSON names the file"
if command -v xmllint >/dev/null; then
	ok "it is XML" xmllint --noout map.svg
else
	skip "it is XML" "xmllint is not installed"
fi
for text in '>Dirty pages by IOVA</text>' '>0x100000</text>' '>0x1e0000</text>' '>+128K</text>' '17 of 256 dirty'; do
	is "$(grep -cF -- "$text" map.svg)" 1 "its texts are texts: $text"
done
run dirty plot r0.dirty -o map.svg
like "$stdout" '^map.svg: 17 of 256 pages dirty, in 17 of 256 cells of 4K$' "people are told where it is"
run dirty plot r0.dirty -o picture --as svg --width 640 --height 480
is "$(grep -o 'width="640" height="480"' picture | head -n 1)" 'width="640" height="480"' "--as and a size"

# PNG, where the build and the machine have cairo
run --json dirty plot r0.dirty -o map.png --width 800 --height 600
if grep -q '^#define HAVE_CAIRO' "${top_builddir:-.}/config.h" 2>/dev/null; then
	status_is 0 "a heat map as PNG"
	is "$(head -c 8 map.png | od -An -tx1 | tr -d ' \n')" 89504e470d0a1a0a "it is one"
	is "$(od -An -tu1 -j 16 -N 8 map.png | tr -s ' ')" " 0 0 3 32 0 0 2 88" "as large as asked"
	json_is '[.format, .file]' '["png","map.png"]' "JSON names it"
else
	status_is 4 "no PNG without cairo"
	like "$stderr" '^iommuctl: dirty: cannot draw a PNG: ' "and the reason"
	ok "there is no file" test ! -e map.png
	run dirty plot r0.dirty
	status_is 0 "the terminal has its picture all the same"
fi

# a file that is there is replaced whole, or stays
echo old >there.svg
run dirty plot r0.dirty -o there.svg
like "$(head -n 1 there.svg)" '^<\?xml ' "a file that is there is replaced"
cp map.svg before
cannot() { # FILE WHY NAME
	run dirty plot r0.dirty --as svg -o "$1"
	status_is 2 "$3"
	is "$stderr" "iommuctl: dirty: cannot write $1: $2" "$3: one line says so"
}
cannot /dev/full 'No space left on device' "a full device"
cannot no/map.svg 'No such file or directory' "no such directory"
cannot before/map.svg 'Not a directory' "a file in the way"
cannot . 'Is a directory' "a directory"
(
	ulimit -f 1 # KiB
	trap '' XFSZ
	run dirty plot full.dirty -o map.svg
	echo "$status $stderr" >limited
)
is "$(cat limited)" "2 iommuctl: dirty: cannot write map.svg: File too large" "a limit in the middle of it"
ok "what was there stays" cmp -s map.svg before
is "$(find . -name '*.svg.*')" "" "and nothing else is left"

# stdout
run -q dirty plot r0.dirty --as svg -o -
status_is 0 "to stdout"
ok "the picture alone" cmp -s stdout before
like "$stderr" '^stdout: 17 of 256 pages dirty' "what is said of it goes to stderr"
run --json dirty plot r0.dirty --as svg -o -
status_is 64 "which cannot take JSON as well"

# rates
run --json dirty plot --rate full.dirty empty.dirty r0.dirty r1.dirty
status_is 0 "a rate over time"
json_is '[.reads[].read]' '["r0.dirty","r1.dirty","full.dirty","empty.dirty"]' "in the order of time"
json_is '[.reads[].dirty_pages]' '[17,1,256,0]' "with their pages"
json_is '[.dirty_pages, .format, .file, .page_size]' '[274,"terminal","",4096]' "and all of them"
json_is '[(.peak.bytes_s / .peak.pages_s), (.reads[3].pages_s), (.reads[0].from_s)]' '[4096,0,0]' "bytes and pages are of one rate"
json_is '[.reads[] | select(.to_s <= .from_s)]' '[]' "each took some time"
run dirty plot --rate r0.dirty r1.dirty full.dirty empty.dirty
like "$stdout" '^[KMG]iB/s dirtied$' "in the terminal"
like "$stdout" '^4 reads over .* mean .* pages/s .* peak ' "with a summary"
like "$stdout" 'seconds since 20[0-9][0-9]-' "and since when"
run dirty plot --rate r0.dirty r1.dirty full.dirty -o rate.svg
like "$(cat rate.svg)" '>pages/s dirtied</text>' "as SVG with both units"
run dirty plot --rate r0.dirty other.dirty r1.dirty
status_is 64 "a series that does not belong together is refused"
like "$stderr" '^iommuctl: dirty: other.dirty does not belong with r0.dirty: iova 0x900000, not 0x100000$' "by name"
run dirty plot --rate r0.dirty r0.dirty
like "$stderr" 'r0.dirty and r0.dirty were read at the same time' "the same read twice is no series"

# what is no bitmap, and what cannot be drawn
run dirty plot script
status_is 2 "a foreign file is refused"
like "$stderr" '^iommuctl: dirty: .*script' "by name"
run dirty plot none.dirty -o none.svg
status_is 2 "so is one that is not there"
ok "and nothing is written" test ! -e none.svg
run dirty plot r0.dirty --width 20
status_is 64 "a terminal of 20 columns is too small"
like "$stderr" 'a width of 20 characters: from 40 to 1000 can be drawn' "and how large it can be is said"
run dirty plot r0.dirty -o x.svg --height 9000
like "$stderr" 'a height of 9000 pixels: from 400 to 8192 can be drawn' "the same in pixels"

# in a script
printf 'dirty plot r0.dirty\ndirty plot r0.dirty -o s.svg\n!EINVAL dirty plot r0.dirty --as svg -o -\n' >plots
run run plots
status_is 0 "in a script"
like "$stdout" '^ *0x120000 \.\.##' "the picture is shown below its line"
ok "and the file written" cmp -s s.svg before
done_testing
