# smtpd-auth. GNU make. The targets a user needs:
#
#   make deps && make && make install      (PREFIX=/usr/local DESTDIR=)
#   make run          try it on 127.0.0.1:2525
#   make check        every test
#   make fuzz         fuzz targets, FUZZ_SECONDS each
#
# LIBC=musl (default where musl-gcc is) or LIBC=glibc. Both are static: an
# exec of a static program costs half of a dynamic one.

PREFIX = /usr/local
DESTDIR =
VERSION = 0.1

PROGRAMS = smtpd-auth smtpd-passwd queue-maildir
LIBC := $(if $(shell command -v musl-gcc),musl,glibc)
BUILD = build/$(LIBC)

# Sources: a program's main is PROGRAM.c, everything else is in the archive.
MAINS = $(foreach p,$(PROGRAMS),$(wildcard $(p).c */$(p).c))
MODULES = $(filter-out $(MAINS),$(sort $(wildcard lib/*.c control/*.c auth/*.c \
	queue-handoff/*.c keeper/*.c session/*.c)))
UNITS = $(patsubst tests/unit/%.c,%,$(sort $(wildcard tests/unit/*.c)))
FUZZERS = $(patsubst tests/fuzz/%.c,%,$(sort $(wildcard tests/fuzz/*.c)))

WARNINGS = -Wall -Wextra -Wshadow -Wconversion -Wvla -Wstrict-prototypes \
	-Wmissing-prototypes -Wold-style-definition -Wformat=2 -Wwrite-strings \
	-Wundef -Wimplicit-fallthrough
HARDENING = -fstack-protector-strong -fstack-clash-protection
CFLAGS = -O2
ALL_CFLAGS = -std=c17 -D_GNU_SOURCE -DVERSION='"$(VERSION)"' -I. $(WARNINGS) \
	$(HARDENING) -fno-pie -fno-strict-aliasing -ffunction-sections \
	-fdata-sections -MMD -MP $(CFLAGS)
ALL_LDFLAGS = -static -no-pie -Wl,--gc-sections -Wl,-z,relro,-z,now,-z,noexecstack \
	$(LDFLAGS)

MULTIARCH := $(shell gcc -print-multiarch 2>/dev/null)
LIBDIR = /usr/lib/$(MULTIARCH)
LIBRARIES = $(LIBDIR)/libbearssl.a $(LIBDIR)/libcdb.a $(LIBDIR)/libcrypt.a

ifeq ($(LIBC),musl)
CC = musl-gcc
ALL_CFLAGS += -isystem musl -idirafter /usr/include -idirafter /usr/include/$(MULTIARCH)
MODULES += musl/shims.c
else
CC = gcc
endif

OBJECTS = $(MODULES:%.c=$(BUILD)/%.o)
ARCHIVE = $(BUILD)/smtpd-auth.a

all: $(PROGRAMS)

$(foreach p,$(PROGRAMS),$(eval $(p): $(BUILD)/$(basename $(wildcard $(p).c */$(p).c)).o))
$(PROGRAMS): $(ARCHIVE)
	$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(ARCHIVE) $(LIBRARIES)

$(ARCHIVE): $(OBJECTS)
	rm -f $@
	ar rcsD $@ $^

$(BUILD)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -c -o $@ $<

$(BUILD)/unit/%: $(BUILD)/tests/unit/%.o $(ARCHIVE)
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $< $(ARCHIVE) $(LIBRARIES)

units: $(UNITS:%=$(BUILD)/unit/%)

clean:
	rm -rf build $(PROGRAMS)

format:
	clang-format -i $(shell git ls-files '*.c' '*.h')

-include $(OBJECTS:.o=.d) $(MAINS:%.c=$(BUILD)/%.d)

.PHONY: all units clean format
