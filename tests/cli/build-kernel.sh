# SPDX-License-Identifier: GPL-2.0-or-later
# tests/vm/build-kernel, on a tree that only looks like a kernel: sources, configurations, mutants, the cache, interruptions.
. "$(dirname "$0")/lib.sh"
[ "$(uname -m)" = x86_64 ] || skip_all "guest kernels are built on x86-64"
command -v make >/dev/null || skip_all "make is not installed"

vm=$tmp/vm
mkdir "$vm"
cp -r "$top_srcdir/tests/vm/build-kernel" "$top_srcdir/tests/vm/kernel" "$vm/"
export IOMMUCTL_CACHE=$tmp/cache
store=$IOMMUCTL_CACHE/kernels

# Tools that the fake kernel does not need, but are looked for; df says what $tmp/free says.
bin=$tmp/bin
mkdir "$bin"
for tool in flex bison bc gcc ld; do printf '#!/bin/sh\nexit 0\n' >"$bin/$tool"; done
printf '#!/bin/sh\necho head; echo "disk 9 9 $(cat %s) 9"\n' "$tmp/free" >"$bin/df"
chmod +x "$bin"/*
echo 9999 >"$tmp/free"
PATH=$bin:$PATH

# --- a tree whose "compiler" copies --------------------------------------------------------------------------------------
fake=$tmp/linux
mkdir -p "$fake/scripts/kconfig" "$fake/drivers"
touch "$fake/Kbuild"
printf 'config GOOD\nconfig REFUSED\n\tmenuconfig MENU\n' >"$fake/Kconfig"
printf 'shift; cat "$1" "$2" >.new; mv .new .config\n' >"$fake/scripts/kconfig/merge_config.sh"
sed 's/^    /\t/' >"$fake/Makefile" <<'EOT'
objects = drivers/one.o drivers/two.o
tinyconfig:
    echo CONFIG_TINY=y >.config
olddefconfig:
    grep -v -e REFUSED= -e ABSENT= .config >.new; mv .new .config
mrproper:
    rm -f .config drivers/*.o
%.o: %.c
    test ! -e $(FAKE_BREAK) || { echo "error: cannot compile $<"; exit 1; }
    if test -e $(FAKE_SLEEP); then touch $(FAKE_SLEEP).now; sleep 4; fi
    echo $@ >>$(FAKE_MADE)
    cp $< $@
bzImage: $(objects)
    mkdir -p arch/x86/boot include/config
    cat $(objects) >arch/x86/boot/bzImage
    cp arch/x86/boot/bzImage vmlinux
    echo 9.9$(LOCALVERSION) >include/config/kernel.release
EOT
export FAKE_BREAK=$tmp/break FAKE_SLEEP=$tmp/sleep FAKE_MADE=$tmp/made
for name in one two; do
	cat >"$fake/drivers/$name.c" <<EOT
static int $name(int x);

static int ${name}_twice(int a,
			 int b)
{
	work(a);
	work(b);
}

static int $name(int x)
{
	first(x);
	last(x);
}
EOT
done
tar -C "$tmp" -cf "$tmp/linux-9.9.tar" linux
config=$tmp/config
printf '# a comment\nCONFIG_GOOD=y\nCONFIG_ABSENT=y\n# CONFIG_MENU is not set\n' >"$config"

mutant() { # NAME, the file on stdin
	mkdir -p "$vm/mutants"
	{ printf 'about %s\niommus intel amd\noptions\nfinds torn\n' "$1"; cat; } >"$vm/mutants/$1"
}
mutant bad-one <<'EOT'
edit drivers/one.c
in one
before ^	last\(
	BUG(one);
EOT
mutant both <<'EOT'
edit drivers/nosuch.c
in one
after ^	first\(
	BUG(never);
or drivers/one.c
in one
after ^	first\(
	BUG(one);
	BUG(again);
edit drivers/two.c
in two
swap last\(x\)
	BUG(two)
EOT
for wrong in 'file drivers/none.c one last' 'function drivers/one.c three last' 'line drivers/one.c one middle' 'many drivers/one.c one_twice work'; do
	read -r name file function line <<<"$wrong"
	printf '%s\n' 'edit drivers/two.c' 'in two' 'before last' $'\tBUG(half);' \
		"edit $file" "in $function" "before $line" $'\tBUG(never);' | mutant "no-$name"
done
mutant nonsense <<<'frobnicate the kernel'

# build ARGS...: sets status, out (stdout) and said (stderr).
build() {
	timeout -k 5 60 "$vm/build-kernel" --config "$config" "$@" >"$tmp/out" 2>"$tmp/said" </dev/null
	status=$?
	out=$(<"$tmp/out") said=$(<"$tmp/said")
}
built() { # WHAT NAME: build printed a folder whose kernel has WHAT
	is "$status" 0 "$2" || { diag "$said"; return 1; }
	like "$(cat "$out"/boot/vmlinuz-* 2>/dev/null)" "$1" "$2: it is the right one"
}
failed() { # STATUS REGEX NAME
	is "$status/$out" "$1/" "$3" || diag "$said"
	like "$said" "$2" "$3: said why"
}
images() { find "$store" -maxdepth 1 -name 'image-*' 2>/dev/null | wc -l; }
restored() { # NAME
	is "$(cat "$store"/tree-*/drivers/*.c | grep -c BUG) $(find "$store" -maxdepth 1 -name '*.originals*' | wc -l)" "0 0" "$1: the source is as it was"
}

# --- wrong words ---------------------------------------------------------------------------------------------------------
build --frob
failed 64 "unknown option" "an unknown option"
said=$("$top_srcdir/tests/vm/build-selftests" --frob 2>&1 >"$tmp/out")
is "$?/$(cat "$tmp/out")" 64/ "build-selftests: an unknown option"
like "$said" "unknown option --frob" "build-selftests: an unknown option: said which"
build --mutant nosuch
failed 64 "no mutant 'nosuch'" "an unknown mutant"
build --mutant ../kernel/config
failed 64 "no mutant" "a mutant elsewhere"
build --config "$tmp/nosuch"
failed 64 "cannot read the configuration" "a configuration that is not there"
build --source "$tmp/nosuch.tar"
failed 1 "no source at .*nosuch.tar" "a source that is not there"
build --source "$tmp"
failed 1 "no kernel tree" "a folder that is no kernel"
echo rubbish >"$tmp/rubbish.tar"
build --source "$tmp/rubbish.tar"
failed 1 "cannot unpack .*rubbish" "a tarball that is none"
tar -C "$tmp" -cf "$tmp/other.tar" vm
build --source "$tmp/other.tar"
failed 1 "no kernel in" "a tarball without a kernel"
build --source "$tmp/linux-9.9.tar" --cached
failed 1 "not built yet" "what is not built is not in the cache"

# --- what is missing -----------------------------------------------------------------------------------------------------
mv "$bin/bison" "$tmp/"
if ! command -v bison >/dev/null; then
	build --source "$fake"
	failed 1 "missing to build a kernel: bison" "a missing tool is named"
else
	mkdir "$tmp/few"
	ln -s /usr/bin/* /bin/* "$tmp/few/" 2>/dev/null
	rm "$tmp/few/bison"
	PATH=$bin:$tmp/few build --source "$fake"
	failed 1 "missing to build a kernel: bison" "a missing tool is named"
fi
mv "$tmp/bison" "$bin/"
printf '#!/bin/sh\ngrep -q libelf && exit 1; exit 0\n' >"$bin/gcc"
build --source "$fake"
failed 1 "missing to build a kernel: libelf-dev" "so is a missing header's package"
printf '#!/bin/sh\nexit 0\n' >"$bin/gcc"
echo 100 >"$tmp/free"
build --source "$fake"
failed 1 "has 100 MB free, and this needs" "too little room is refused"
echo 9999 >"$tmp/free"
is "$(images) $(find "$store" -maxdepth 1 -name 'tree-*' | wc -l)" "0 0" "nothing of all this is in the cache"

# --- configurations ------------------------------------------------------------------------------------------------------
cp "$config" "$tmp/kept"
echo CONFIG_REFUSED=y >>"$config"
build --source "$fake"
failed 1 "configuration was refused: 1 of its lines" "an option that is refused fails the build"
like "$said" '^  CONFIG_REFUSED=y$' "and is named"
cp "$tmp/kept" "$config"

# --- sources, the cache --------------------------------------------------------------------------------------------------
build --source "$fake"
built 'work\(a\)' "a tree"
like "$said" 'note: .* has no CONFIG_ABSENT' "an option that the release does not have is only noted"
like "$said" 'minutes on 2 processors' "the time it takes is said beforehand"
is "$(basename "$out"/boot/config-*)" config-9.9 "the configuration is beside the image"
is "$(find "$fake" -name '*.o' -o -name .config | wc -l)" 0 "the given tree is not touched"
first=$out
: >"$tmp/made"
build --source "$fake"
is "$status $out $(wc -l <"$tmp/made")" "0 $first 0" "what is built is not built again"
is "$said" "" "and nothing is said about it"
build --source "$fake" --cached
is "$status $out" "0 $first" "--cached finds it"
build --source "$fake" --tree
ok "--tree: the tree with its objects" test -e "$out/drivers/one.o"
build --cached
failed 1 "not built yet" "a tree without a version is nobody's default"
build --source "$tmp/linux-9.9.tar"
built 'work\(a\)' "a tarball"
isnt "$out" "$first" "another source is another kernel"
touch "$FAKE_BREAK"
echo '# changed' >>"$config"
sed -i 's/first(x)/first(y)/' "$fake/drivers/one.c"
build --source "$fake"
failed 1 'does not compile' "a source that does not compile"
like "$said" 'error: cannot compile drivers/one.c' "with the compiler's words"
ok "and the whole log" grep -q 'cannot compile' "$store/failed.log"
rm "$FAKE_BREAK"
build --source "$fake"
built 'first\(y\)' "a changed tree is another source"

# --- mutants -------------------------------------------------------------------------------------------------------------
arg=(--source "$tmp/linux-9.9.tar")
is "$("$vm/build-kernel" --list-mutants | head -n 1 | xargs)" "bad-one intel amd bad-one" "the mutants are listed"
sed -i 's/^about .*/&\nalways/' "$vm/mutants/both"
is "$("$vm/build-kernel" --list-mutants --always | cut -d' ' -f1 | xargs)" both "or those only that every run takes"
build "${arg[@]}"
: >"$tmp/made"
build "${arg[@]}" --mutant bad-one
built 'BUG\(one\)' "a mutant"
is "$(cat "$tmp/made")" drivers/one.o "only what it changes is compiled"
is "$(basename "$out"/boot/vmlinuz-*)" vmlinuz-9.9-bad-one "its release has its name"
is "$(grep -A 1 BUG "$out"/boot/vmlinuz-* | tail -n 1)" "	last(x);" "the line is where it should be"
restored "a mutant"
build "${arg[@]}" --mutant both
built 'BUG\(two\);' "a mutant with two edits, and an edit with an alternative"
is "$(grep -c BUG "$out"/boot/vmlinuz-*)" 3 "all of it and no other"
build "${arg[@]}" --mutant both --cached
is "$status" 0 "a mutant is in the cache"
sed -i 's/^iommus .*/iommus virtio/' "$vm/mutants/both"
build "${arg[@]}" --mutant both --cached
is "$status" 0 "also when more is said about it"
cp "$config" "$tmp/kept"
echo '# changed once more' >>"$config"
build "${arg[@]}"
built 'last\(x\)' "a healthy kernel after mutants"
unlike "$(cat "$out"/boot/vmlinuz-*)" BUG "has nothing of them"
cp "$tmp/kept" "$config"
before=$(images)
build "${arg[@]}" --mutant no-file
failed 1 'drivers/none.c: no such file' "a mutant of a file that is not there"
build "${arg[@]}" --mutant no-function
failed 1 'drivers/one.c: no function three' "a mutant of a function that is not there"
build "${arg[@]}" --mutant no-line
failed 1 'drivers/one.c: no line of one matches middle' "a mutant of a line that is not there"
build "${arg[@]}" --mutant no-many
failed 1 'drivers/one.c: several lines of one_twice match work' "a mutant that could be meant for several lines"
like "$said" 'no-many does not apply' "says that it does not apply"
build "${arg[@]}" --mutant nonsense
failed 1 'cannot read' "a mutant that cannot be read"
is "$(images)" "$before" "none of them leaves a kernel"
restored "mutants that do not apply"
mutant unused <<'EOT'
edit drivers/three.c
in one
before last
	BUG(one);
EOT
cp "$store"/tree-file*/drivers/one.c "$tmp/three.c" && cp "$tmp/three.c" "$(echo "$store"/tree-file*)/drivers/three.c"
build "${arg[@]}" --mutant unused
failed 1 'drivers/three.c, which this kernel does not contain' "a mutant of what is not compiled"
restored "a mutant of what is not compiled"

# --- interrupted ---------------------------------------------------------------------------------------------------------
for signal in TERM KILL; do
	touch "$FAKE_SLEEP"
	rm -f "$FAKE_SLEEP.now"
	printf '\tBUG(%s);\n' $signal >>"$vm/mutants/both"
	before=$(images)
	"$vm/build-kernel" --config "$config" "${arg[@]}" --mutant both >"$tmp/out" 2>"$tmp/said" </dev/null &
	pid=$!
	wait_for 20 test -e "$FAKE_SLEEP.now"
	kill -$signal $pid
	wait $pid 2>/dev/null
	status=$?
	if [ $signal = TERM ]; then
		is $status 143 "SIG$signal ends it"
		restored "SIG$signal"
	fi
	rm "$FAKE_SLEEP"
	is "$(images)" "$before" "SIG$signal leaves no kernel"
	printf '\tBUG(%s);\n' $signal >>"$vm/mutants/bad-one"
	build "${arg[@]}" --mutant bad-one # after SIGKILL make is still there, and has the lock
	built 'BUG\(one\);' "the next build after SIG$signal"
	unlike "$(cat "$out"/boot/vmlinuz-*)" 'BUG\(two\)' "has nothing of the one that was ended by SIG$signal"
	restored "after SIG$signal"
done

# two at once: the second waits and takes what the first built
echo '# two at once' >>"$config"
: >"$tmp/made"
for i in 1 2; do "$vm/build-kernel" --config "$config" "${arg[@]}" >"$tmp/out$i" 2>"$tmp/said$i" </dev/null & done
wait
is "$(cat "$tmp/out1")" "$(cat "$tmp/out2")" "two builds at once give one kernel"
isnt "$(cat "$tmp/out1")" "" "and both print it"

# --- the newest source ---------------------------------------------------------------------------------------------------
mkdir -p "$tmp/suites"
sed "s|^    |\t|; s|TMP|$tmp|" >"$vm/get" <<'EOT'
#!/bin/sh
# --newest: the version of a suite; else its package, unpacked.
for suite; do :; done
case $* in *--newest*) cat "TMP/suites/$suite"; exit ;; esac
dir=$IOMMUCTL_CACHE/get/source-$suite
mkdir -p "$dir"
echo "linux-source-9_$(cat "TMP/suites/$suite")_all.deb" >"$dir/packages"
touch "$dir/complete"
echo "TMP/linux-9.9.tar"
EOT
chmod +x "$vm/get"
build
failed 1 "no kernel source within reach" "no suite has a source"
echo 7.9.1-1 >"$tmp/suites/sid"
echo 7.10.1-1~bpo1+1 >"$tmp/suites/trixie-backports"
build
built 'work' "the newest source is taken"
like "$out" '/image-7.10.1-1~bpo1\+1-' "by its version"
first=$out
echo 8.1-1 >"$tmp/suites/sid"
build
is "$status $out" "0 $first" "a cached one will do"
build --mutant bad-one
like "$out" '/image-7.10.1-1~bpo1\+1-bad-one-' "also as the base of a mutant"
build --refresh
like "$out" '/image-8.1-1-' "until something newer is asked for"
second=$out
build --cached
is "$out" "$second" "which is the default then"
build --source trixie-backports --cached
is "$out" "$first" "a suite can be named"
build --clean
is "$status $(find "$store" -maxdepth 1 -name 'tree-*' | wc -l)" "0 0" "--clean removes the trees"
build --cached
is "$status $out" "0 $second" "and no kernel"

# --- ours ----------------------------------------------------------------------------------------------------------------
for file in "$top_srcdir"/tests/vm/mutants/*; do
	name=$(basename "$file")
	is "$(cut -d' ' -f1 "$file" | sed 's/^or$/edit/' | grep -xE 'about|iommus|finds|edit' | sort -u | xargs)" "about edit finds iommus" \
		"the mutant $name says what it does, where it shows, and as what"
done
done_testing
