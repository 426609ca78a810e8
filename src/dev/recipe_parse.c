/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a recipe's text to its steps. */
#include <stdio.h>

#include "dev/recipe.h"

struct recipe *recipe_parse(const char *text, size_t len, struct recipe_error *error)
{
	*error = (struct recipe_error){0};
	snprintf(error->text, sizeof(error->text), "recipes cannot be read yet");
	return NULL;
}
