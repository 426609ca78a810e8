# SPDX-License-Identifier: GPL-2.0-or-later
# Plain values of the outermost object of the JSON in the input: filter=.key or '"text \(.key) text"' in the environment, as jq -r prints
# them.
# Status 3 where that takes jq: no such key, a list or an object, a number that is not whole, an escape in a string, more than one value.
function give_up() { gave_up = 1; exit 3 }

# text: what is outside of strings up to the next one. Returns how deep that leaves us.
function depth_after(text, opened) {
	opened = gsub(/[[{]/, "", text)
	return depth + opened - gsub(/[]}]/, "", text)
}

NR > 1 { give_up() }
{
	n = split($0, part, "\"") # odd parts are outside of strings, even ones inside
	for (i = 1; i < n; i += 2) {
		if (part[i + 1] ~ /\\$/) give_up()
		depth = depth_after(part[i])
		if (depth != 1 || part[i + 2] !~ /^:/) continue
		key = part[i + 1]
		plain = substr(part[i + 2], 2)
		if (plain == "") {
			value[key] = part[i + 3]
			is_known[key] = 1
		}
		sub(/[,}].*/, "", plain)
		if (plain ~ /^(-?[0-9]+|true|false|null)$/) { # jq has its own way to write others
			value[key] = plain
			is_known[key] = 1
		}
	}
}

END {
	if (gave_up || NR != 1) exit 3
	filter = ENVIRON["filter"]
	if (filter ~ /^\./) filter = "\"\\(" filter ")\""
	filter = substr(filter, 2, length(filter) - 2)
	while (match(filter, /\\\(\.[a-z_]+\)/)) {
		key = substr(filter, RSTART + 3, RLENGTH - 4)
		if (!(key in is_known) || value[key] ~ /\\/) exit 3
		out = out substr(filter, 1, RSTART - 1) value[key]
		filter = substr(filter, RSTART + RLENGTH)
	}
	print out filter
}
