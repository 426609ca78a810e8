/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes iommuctl-registers(7) from the tables that the program itself decodes with. */
#include <stdio.h>
#include <string.h>

#include "host/registers.h"

#define LINE_WIDTH 76

static unsigned int column;

/* Words in mdoc text lines of at most LINE_WIDTH columns. No line begins with a control character. */
static void fill(const char *text)
{
	while (*text) {
		size_t n = strcspn(text, " ");

		if (column && column + 1 + n > LINE_WIDTH) {
			putchar('\n');
			column = 0;
		}
		if (column)
			putchar(' ');
		else if (*text == '.' || *text == '\'')
			fputs("\\&", stdout);
		printf("%.*s", (int)n, text);
		column += (column > 0) + (unsigned int)n;
		text += n;
		text += strspn(text, " ");
	}
}

static void end_line(void)
{
	if (column)
		putchar('\n');
	column = 0;
}

static void print_values(const struct reg_field *f)
{
	char word[120];

	fill(f->meaning);
	for (unsigned int i = 0; i < f->nr_values; i++) {
		if (!f->values[i])
			continue;
		snprintf(word, sizeof(word), "; %u: %s", i, f->values[i]);
		/* the mark stays at the word before it */
		fputs(";", stdout);
		column++;
		fill(word + 2);
	}
}

static void print_field(const struct reg *reg, const struct reg_field *f)
{
	char bits[8], source[120];

	printf(".It Cm %s Pq %s\n", f->name, reg_bits_text(f->high, f->low, bits, sizeof(bits)));
	if (f->kind == REG_WORDS)
		print_values(f);
	else if (f->kind == REG_NUMBER)
		fill("number of"), fill(f->meaning);
	else
		fill(f->meaning);
	if (strncmp(f->spec, reg->spec, strlen(reg->spec))) {
		snprintf(source, sizeof(source), "[%s]", f->spec);
		fill(source);
	}
	end_line();
}

static void print_register(const struct reg *reg)
{
	char text[200];

	printf(".Ss %s\n", reg->name);
	snprintf(text, sizeof(text), "%s, %u bits [%s]", reg->title, reg->width, reg->spec);
	fill(text);
	end_line();
	puts(".Bl -tag -width Ds -compact");
	for (unsigned int i = 0; i < reg->nr_fields; i++)
		print_field(reg, &reg->fields[i]);
	puts(".El");
}

static const char head[] = ".\\\" SPDX-License-Identifier: GPL-2.0-or-later\n"
			   ".\\\" Made by man/mkregisters from the tables of src/host/reg_*.c. Change those.\n"
			   ".Dd November 21, 2026\n"
			   ".Dt IOMMUCTL-REGISTERS 7\n"
			   ".Os\n"
			   ".Sh NAME\n"
			   ".Nm iommuctl-registers\n"
			   ".Nd IOMMU registers and PCIe capabilities that iommuctl decodes\n"
			   ".Sh DESCRIPTION\n"
			   "These are the registers that\n"
			   ".Xr iommuctl 8\n"
			   "knows field by field:\n"
			   ".Cm decode\n"
			   "takes values of them from the command line,\n"
			   ".Cm caps\n"
			   "reads them from the machine.\n"
			   "Field names are those of the specifications.\n"
			   "A flag's text says what holds when it is set; clear it reads\n"
			   ".Dq no\n"
			   "and the text up to a colon.\n"
			   "In square brackets stands where the fact is from, for a field only where it is\n"
			   "another source than its register's.\n"
			   "Bits that are in no field are reserved, or not known to this version; they are\n"
			   "shown raw.\n"
			   ".Pp\n"
			   "The PCIe capabilities are read as one number: the dword at offset 4 of the\n"
			   "extended capability, which holds capability bits in its low half and control\n"
			   "bits in its high half (page requests: control low, status high).\n"
			   "SR-IOV has 64 bits: the capabilities dword at offset 4 low; control at offset 8\n"
			   "and status at offset 10 high.\n"
			   ".Sh REGISTERS\n";

static const char facts[] = ".Sh FACTS\n"
			    "What follows from the registers of one IOMMU, by the rules of the Linux\n"
			    "drivers.\n"
			    "A fact that the given registers cannot decide is left out.\n"
			    ".Bl -tag -width Ds\n";

static const char tail[] = ".El\n"
			   ".Sh VIOLATIONS\n"
			   "Values that a specification forbids are listed apart, with the section that\n"
			   "forbids them: reserved encodings, flags that may not be set without others, and\n"
			   "registers that read as all ones because nothing answers.\n"
			   "They do not change the exit status of\n"
			   ".Cm decode .\n"
			   ".Sh SEE ALSO\n"
			   ".Xr iommuctl 8\n";

int main(void)
{
	fputs(head, stdout);
	for (size_t i = 0; registers[i]; i++)
		print_register(registers[i]);
	fputs(facts, stdout);
	for (size_t i = 0; reg_fact_kinds[i].name; i++) {
		printf(".It Cm %s\n", reg_fact_kinds[i].name);
		fill(reg_fact_kinds[i].help);
		end_line();
	}
	fputs(tail, stdout);
	return fflush(stdout) || ferror(stdout) ? 1 : 0;
}
