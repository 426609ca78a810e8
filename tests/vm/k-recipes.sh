# SPDX-License-Identifier: GPL-2.0-or-later
# The recipes that come with it drive what the drivers in C drive, through VFIO, with their verdicts and about their speed.
. "$(dirname "$0")/lib.sh"
recipes=()
for recipe in edu lsi nvme-identify; do recipes+=(--add "$top_srcdir/recipes/$recipe.recipe:/t/recipes/$recipe.recipe"); done
guest_built recipes --iommu intel --timeout ${IOMMUCTL_LONG:+1}800 --device lsi --device edu --device nvme,serial=recipes "${recipes[@]}" -- recipes.sh \
	${IOMMUCTL_LONG:+20000 9 3000}
done_testing
