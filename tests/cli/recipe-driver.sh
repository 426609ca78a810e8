# SPDX-License-Identifier: GPL-2.0-or-later
# The driver recipe:FILE on register models: what the recipes that come with it find, and how they end on hardware that is broken, is what
# the drivers in C find, and how these end.
. "$(dirname "$0")/lib.sh"
have_jq || skip_all "jq is not installed"
recipes=$top_srcdir/recipes

# model, driver in C | recipe with its options
pairs="
lsi|$recipes/lsi.recipe
edu,mask=32|$recipes/edu.recipe,address-bits=32
nvme|$recipes/nvme-identify.recipe"
each() { grep -F '|' <<<"$1"; }

# both DRIVER RECIPE BACKEND-OPTIONS COMMAND...: the two drivers on the model; $tmp/{c,recipe}.{out,err,status}
both() {
	local driver=$1 recipe=$2 backend=sim,model=${1%%,*}$3
	one "$tmp/c" --backend "$backend" --driver "$driver" "${@:4}" &
	one "$tmp/recipe" --backend "$backend" --driver "recipe:$recipe" "${@:4}"
	wait $!
}
one() { # NAME ARGS...
	timeout -k 5 120 "$IOMMUCTL" --seed 1 "${@:2}" </dev/null >"$1.out" 2>"$1.err"
	echo $? >"$1.status"
}
told() { jq -c "$2" "$1.out" 2>&1; }
same() { # NAME FILTER
	is "$(<"$tmp/recipe.status") $(told "$tmp/recipe" "$2")" "$(<"$tmp/c.status") $(told "$tmp/c" "$2")" "$1" ||
		diag "$(head -c 1000 "$tmp/recipe.err")"
}

# what it is called, and what it can do, is what the driver in C can
while IFS='|' read -r driver recipe; do
	model=${driver%%,*}
	name=$(basename "${recipe%%,*}" .recipe)
	both "$driver" "$recipe" "" compare --loops "$(scaled 500)" --json
	same "$model: a sound device passes" '[.result, .loops, .bytes, .directions, .classes, .failures]'
	is "$(told "$tmp/recipe" '[.driver, .result, .loops]')" "[\"recipe:$name\",\"pass\",$(scaled 500)]" "$model: all loops, by the recipe"
done < <(each "$pairs")

is_slow && { done_testing; exit; }

# Broken hardware: from the first access on, and in mid-run. Most of the time is spent waiting, so all wait at once, while
# others work. One recipe has the patience of a slow drive.
sed 's/ 30s$/ 300ms/' "$recipes/nvme-identify.recipe" >"$tmp/nvme-identify.recipe"
hurried=${pairs/"$recipes/nvme"/"$tmp/nvme"}
ways=$("$IOMMUCTL" --backend sim,help | sed -n 's/^broken=\([a-z-]*\) .*/\1/p')
isnt "$ways" "" "ways of being broken are listed"
lacks() { "$IOMMUCTL" --backend "sim,model=$1:broken=$2" maps 2>&1 >"$tmp/none" | grep -q "model $1 cannot be broken"; }
broken() { # MODEL DRIVER RECIPE WAY AFTER
	local dir=$tmp/$1-$4-$5 tmp=$tmp
	mkdir "$dir"
	tmp=$dir
	both "$2" "$3" ":broken=$4:after=$5" --canary off compare --loops 2000 --json
}
while IFS='|' read -r driver recipe; do
	for way in $ways; do
		lacks "${driver%%,*}" "$way" && continue
		for after in 0 1000; do broken "${driver%%,*}" "$driver" "$recipe" "$way" "$after" & done
	done
done < <(each "$hurried")

# the same seed is the same loop in which a misbehaviour is found, and the same class
faults=$(grep -v -e '^#' -e '^early-unpin' "$top_srcdir/tests/misbehaviours" | cut -d '|' -f 1,2)
while IFS='|' read -r driver recipe; do
	while IFS='|' read -r fault options; do
		# shellcheck disable=SC2086
		both "$driver" "$recipe" ",fault=$fault:p=0.01" compare --loops 2000 $options --json
		same "${driver%%,*}: $fault: the same verdict" '[.result, (.classes | keys)]'
		is "$(<"$tmp/recipe.status")" 1 "${driver%%,*}: $fault: found"
	done < <(each "$faults")
	# two threads do not meet in the same way twice
	both "$driver" "$recipe" ",fault=early-unpin:p=0.01" compare --loops 2000 --threads 2 --json
	same "${driver%%,*}: early-unpin: the same verdict" .result
	is "$(<"$tmp/recipe.status")" 1 "${driver%%,*}: early-unpin: found"
done < <(each "$pairs")

wait

quiet() { grep -c 'would not stop; its buffers stay mapped' "$1"; }
all=$tmp
while IFS='|' read -r driver recipe; do
	model=${driver%%,*}
	for dir in "$all/$model"-*-*; do
		tmp=$dir
		what="$model: ${dir#"$all/$model-"}"
		# the driver in C asks a drive who it is before anything else, and so knows then what the recipe sees in the first loop
		if [[ $what == "nvme: "@(error-status|silent-error|bogus-length)-0 ]]; then
			isnt "$(<"$tmp/recipe.status")" 0 "$what: does not pass"
			continue
		fi
		same "$what: ends in the same way" '[.result, (.classes | has("dma-error"))]'
		is "$(quiet "$tmp/recipe.err")" "$(quiet "$tmp/c.err")" "$what: is stopped, or is not, in the same way"
	done
	tmp=$all
done < <(each "$hurried")
tmp=$all
like "$(<"$tmp/lsi-error-status-1000/recipe.err")" '^iommuctl: warning: .*/lsi.recipe:[0-9]*: register 0xc has 0x[0-9a-f]*, whose bits 0x75 should be 0x4$' "the line that failed is told"
is "$(grep -c 'register 0xc has' "$tmp/lsi-error-status-1000/recipe.err")" 1 "once"
like "$(<"$tmp/edu-gone-0/recipe.err")" 'compare: .*/edu.recipe:[0-9]*: register 0x0 reads as all ones, and so does the configuration space: the device is gone$' "a device that is gone is called so"
like "$(<"$tmp/nvme-gone-1000/recipe.err")" 'recipe:[0-9]*: nothing comes to memory, and the configuration space reads as all ones: the device is gone' "also by a recipe that polls memory"
like "$(<"$tmp/nvme-never-ready-0/recipe.err")" 'compare: .*recipe:[0-9]*: register 0x1c has 0x0, whose bits 0x3 did not become 0x1 in 300 ms' "a time-out has its line"

# whose device it is, its file and its options
edu=(--backend sim,model=edu)
try() { run -q "$@" compare --loops 3; } # ARGS...
try --backend sim,model=lsi --driver "recipe:$recipes/edu.recipe"
status_is 2 "a recipe for another device is refused"
like "$stderr" 'is not for sim [(]1000:0012[)]' "with the device's ids"
like "$stderr" '^hint: its .device. lines name 1234:11e8' "and the recipe's"
try "${edu[@]}" --driver "recipe:$tmp/nothing.recipe"
status_is 2 "no such file"
like "$stderr" "cannot read recipe $tmp/nothing.recipe: No such file" "is told"
try "${edu[@]}" --driver recipe
status_is 64 "no file at all"
like "$stderr" '^hint: recipe:FILE' "and how it is given"
try "${edu[@]}" --driver "recipe:$recipes/edu.recipe,mask=40"
status_is 64 "no such option"
like "$stderr" '^hint: options: address-bits=BITS, max=SIZE' "and which there are"
cp "$recipes/edu.recipe" "$tmp/a,b.recipe"
try "${edu[@]}" --driver "recipe:$tmp/a,,b.recipe,max=2K"
status_is 0 "a comma in the file's name is written twice"
echo 'bogus' >>"$tmp/a,b.recipe"
try "${edu[@]}" --driver "recipe:$tmp/a,,b.recipe"
status_is 64 "a broken recipe is a usage error"
like "$stderr" "a,b.recipe:$(wc -l <"$tmp/a,b.recipe"):1: 'bogus' is" "with line and column"
sed 's/^bar 0 1M/bar 0 2M/' "$recipes/edu.recipe" >"$tmp/large.recipe"
try "${edu[@]}" --driver "recipe:$tmp/large.recipe"
like "$stderr" 'BAR 0 of sim has 0x100000 bytes, recipe .* wants 0x200000' "a BAR that is too small is refused"
sed 's/^bar 0/bar 2/' "$recipes/edu.recipe" >"$tmp/other.recipe"
try "${edu[@]}" --driver "recipe:$tmp/other.recipe"
status_is 2 "so is one that the device does not have"
done_testing
