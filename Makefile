# smtpd-auth. GNU make. The targets a user needs:
#
#   make deps && make && make install      (PREFIX=/usr/local DESTDIR=)
#   make uninstall    what install put there, but /var/empty
#   make run          try it on 127.0.0.1:2525
#   make check        every test
#   make check-arm64  the core of them on an emulated arm64 (also: riscv64)
#   make check-containers  systemd, an image, missing rights
#   make release-check  every test on each system that a release is for
#   make exhaustive   the automata, all inputs up to a length: SIZE=check
#                     seconds, SIZE=full (default) minutes
#   make smuggling    line ends and dots through us into Postfix, Exim, qmail
#   make timing       how long a failed login takes, of each kind of user
#   make disconnects kills faults soak   by the thousand: ends at each octet,
#                     kill -9, failing system calls, all at once; SIZE as above
#   make prove        no run-time error, for any short input: Frama-C's Eva
#   make fuzz         every fuzz target, FUZZ_SECONDS (60) each
#   make fuzz-long    all in turns, until FUZZ_RUNS in all (10^9) or
#                     FUZZ_MINUTES are over; keeps what they found out
#   make bench        what a connection costs, beside other servers
#   make lint         format, compilers with -Werror, cppcheck
#   make dist         the release's tar, build/smtpd-auth-VERSION.tar.gz
#
# LIBC=musl (default where musl-gcc is) or LIBC=glibc. Both are static: an
# exec of a static program costs half of a dynamic one.

PREFIX = /usr/local
DESTDIR =
# Stands at the top of CHANGES and of debian/changelog, too. A release: the date
# there, make release-check, a tag, make dist.
VERSION = 0.2

PROGRAMS = smtpd-auth smtpd-passwd smtpd-auth-conf smtpd-check smtpd-report queue-maildir queue-sendmail queue-qmqp
LIBC := $(if $(shell command -v musl-gcc),musl,glibc)
BUILD = build/$(LIBC)

# Sources: a program's main is PROGRAM.c, everything else is in the archive.
MAINS = $(foreach p,$(PROGRAMS),$(wildcard $(p).c */$(p).c))
ROOMS = lib control session keeper queue-handoff auth users sasl queue passwd \
	conf check client proxy report
MODULES = $(filter-out $(MAINS),$(foreach r,$(ROOMS),$(sort $(wildcard $(r)/*.c))))
# What every connection runs, then what a login and a message do: linked in this
# order and before the rest, so that it lies together (tests/memory.t).
FIRST = $(addprefix lib/,bytes buffer fork identity jail filter log emit output \
		rights signals standard clock keep path words controldir child) \
	$(addprefix control/,authmechs config control launcher load ucspi) \
	$(addprefix session/,session stream command reply trace hello session_jail) \
	$(addprefix keeper/,channel packet deadline end environment keeper late \
		login open find_pair privileges signer) auth/offered \
	$(addprefix session/,login message address parameters body data header pipe) \
	$(addprefix keeper/,authenticator offer guess outcome envelope message paths \
		rcpt policy_ask) \
	$(addprefix queue-handoff/,queue received status) \
	auth/authenticator auth/authenticator_jail auth/word users/users users/secret \
	sasl/mechanism sasl/plain control/policy \
	$(addprefix lib/,cdbread base64 date scan utf8)
EXHAUSTIVE = $(patsubst tests/exhaustive/%.c,%,$(sort $(wildcard tests/exhaustive/*.c)))
UNITS = $(patsubst tests/unit/%.c,%,$(sort $(wildcard tests/unit/*.c)))
STUBS = $(patsubst tests/stub/%.c,%,$(sort $(wildcard tests/stub/*.c)))
FUZZERS = $(patsubst tests/fuzz/%.c,%,$(sort $(wildcard tests/fuzz/*.c)))

WARNINGS = -Wall -Wextra -Wshadow -Wconversion -Wvla -Wstrict-prototypes \
	-Wmissing-prototypes -Wold-style-definition -Wformat=2 -Wwrite-strings \
	-Wundef -Wimplicit-fallthrough
HARDENING = -fstack-protector-strong -fstack-clash-protection
CFLAGS = -O2
ALL_CFLAGS = -std=c17 -D_GNU_SOURCE -DVERSION='"$(VERSION)"' -I. $(WARNINGS) \
	$(HARDENING) -fno-pie -fno-strict-aliasing -ffunction-sections \
	-fdata-sections -MMD -MP $(CFLAGS)
# Of a static program without PIE nothing is relocated at its start, so that
# RELRO would protect nothing, but split a page.
ALL_LDFLAGS = -static -no-pie -Wl,--gc-sections -Wl,-z,noexecstack \
	-Wl,-z,norelro -Wl,-z,noseparate-code -Wl,-T,memory.ld $(LDFLAGS)

# To build for another machine, tests/cross/run gives SYSROOT and MULTIARCH.
SYSROOT =
MULTIARCH := $(shell gcc -print-multiarch 2>/dev/null)
LIBDIR = $(SYSROOT)/usr/lib/$(MULTIARCH)
LIBRARIES = $(LIBDIR)/libbearssl.a $(LIBDIR)/libcdb.a $(LIBDIR)/libcrypt.a \
	$(LIBDIR)/libidn.a $(LIBDIR)/libhogweed.a $(LIBDIR)/libnettle.a \
	$(LIBDIR)/libgmp.a $(LIBDIR)/libz.a
# The C library before the others: what every connection runs lies together.
LINKED = -Wl,--start-group $(ARCHIVE) -lc $(LIBRARIES) -Wl,--end-group

ifeq ($(LIBC),musl)
CC = musl-gcc
ALL_CFLAGS += -isystem musl -idirafter $(SYSROOT)/usr/include \
	-idirafter $(SYSROOT)/usr/include/$(MULTIARCH)
MODULES += musl/shims.c
else
CC = gcc
endif

OBJECTS = $(MODULES:%.c=$(BUILD)/%.o)
ARCHIVE = $(BUILD)/smtpd-auth.a

# make V=1 shows whole commands.
SAY = @echo '  $(1)'; $(if $(V),set -x;)

all: $(PROGRAMS)

$(foreach p,$(PROGRAMS),$(eval $(p): $(BUILD)/$(basename $(wildcard $(p).c */$(p).c)).o))
smtpd-auth: $(FIRST:%=$(BUILD)/%.o)
# They lie at the top, whichever library they have; the last map tells which. One
# that was linked elsewhere is older than no source, and yet linked anew.
HERE := $(shell for p in $(PROGRAMS); do ls -t build/*/$$p.map 2>/dev/null | \
	head -n 1; done)
$(filter-out $(patsubst $(BUILD)/%.map,%,$(HERE)),$(PROGRAMS)): FORCE
$(PROGRAMS): $(ARCHIVE) memory.ld
	$(call SAY,link $@) $(CC) $(ALL_LDFLAGS) -Wl,-Map,$(BUILD)/$@.map \
		-o $@ $(filter %.o,$^) $(LINKED)

$(ARCHIVE): $(OBJECTS)
	$(call SAY,ar $@) rm -f $@; ar rcsD $@ $^

$(BUILD)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(call SAY,cc $<) $(CC) $(ALL_CFLAGS) -c -o $@ $<

# The files that it puts into the program as they are.
$(BUILD)/conf/template.o: $(addprefix service/,run run.inetd log.run tcp.rules \
	tcp.rules.proxied xinetd socket unit)

$(BUILD)/unit/%: $(BUILD)/tests/unit/%.o $(ARCHIVE)
	@mkdir -p $(@D)
	$(call SAY,link $@) $(CC) $(ALL_LDFLAGS) -o $@ $< $(LINKED)

$(BUILD)/exhaustive/%: $(BUILD)/tests/exhaustive/%.o $(ARCHIVE)
	@mkdir -p $(@D)
	$(call SAY,link $@) $(CC) $(ALL_LDFLAGS) -o $@ $< $(LINKED)

# The queue program that tests look at: tests/stub/NAME.c
$(BUILD)/stub/%: $(BUILD)/tests/stub/%.o
	@mkdir -p $(@D)
	$(call SAY,link $@) $(CC) $(filter-out %memory.ld,$(ALL_LDFLAGS)) -o $@ $<

# The server, whose jailed processes do what a test tells them.
PUPPET = $(BUILD)/hostile/smtpd-auth
$(PUPPET): $(BUILD)/smtpd-auth.o $(BUILD)/tests/hostile/puppet.o $(ARCHIVE) memory.ld
	@mkdir -p $(@D)
	$(call SAY,link $@) $(CC) $(ALL_LDFLAGS) -Wl,--wrap=jail_enter \
		-Wl,--wrap=filter_install -o $@ $(filter %.o,$^) $(LINKED)

# A fuzz target without libFuzzer, to be given what fuzzing has kept.
$(BUILD)/replay/%: $(BUILD)/tests/fuzz/%.o $(BUILD)/tests/replay.o $(ARCHIVE)
	@mkdir -p $(@D)
	$(call SAY,link $@) $(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(LINKED)

tests-built: all $(UNITS:%=$(BUILD)/unit/%) $(STUBS:%=$(BUILD)/stub/%) \
	$(EXHAUSTIVE:%=$(BUILD)/exhaustive/%) $(FUZZERS:%=$(BUILD)/replay/%) $(PUPPET)

# With -n (make -n deps) they print the packages and change nothing.
DRY = $(if $(findstring n,$(firstword -$(MAKEFLAGS))),-n)
deps:
	+@./deps $(DRY) build

deps-check:
	+@./deps $(DRY) check

# A second make, which sees the libraries that the first has installed.
check: deps-check
	@$(MAKE) --no-print-directory checked

checked: tests-built
	@BUILD=$(BUILD) tests/run

# On another machine, which is emulated: tests/cross/README.
check-arm64 check-riscv64: check-%:
	./deps $*
	tests/cross/run $*

# In containers: systemd booted, the image of contrib/Containerfile made, rights
# and calls taken away. Root, and a Debian that is fetched once.
check-containers:
	./deps containers
	$(MAKE) --no-print-directory tests-built
	CONTAINERS=1 BUILD=$(BUILD) tests/run tests/containers

# On each system that a release is for, made anew; root, and hours.
release-check:
	./deps release
	tests/release-check

programs:
	@echo $(PROGRAMS)

SIZE = full
exhaustive: $(EXHAUSTIVE:%=$(BUILD)/exhaustive/%)
	@for program in $(EXHAUSTIVE); do \
		$(BUILD)/exhaustive/$$program $(SIZE) || exit 1; \
	done

# An hour; SIZE=check is what make check runs.
# QMAIL_SOURCE=DIRECTORY: notqmail's, docs/evidence.md.
smuggling: deps-check
	@$(MAKE) --no-print-directory tests-built
	@SIZE=$(SIZE) LIMIT=14400 JOBS=1 BUILD=$(BUILD) tests/run tests/smuggling

# By hand, on a machine that does nothing else: TIMING=SAMPLES.
TIMING = 3000
timing: tests-built
	@BUILD=$(BUILD) tests/timing/run $(TIMING)

# Soak also takes a number of sessions. Kills and faults need root.
EVIDENCE = disconnects kills faults soak
$(EVIDENCE): all $(STUBS:%=$(BUILD)/stub/%)
	@for test in tests/evidence/*$@.t; do \
		SIZE=$(SIZE) RECORD_PROGRAM=$(CURDIR)/$(BUILD)/stub/record \
			$$test || exit 1; \
	done

run: deps
	@$(MAKE) --no-print-directory all
	@service/demo

# libFuzzer needs clang and glibc. Each target is built twice: build/fuzz watches
# what is compared, build/fuzz-many does not and is several times as fast.
FUZZ_SECONDS = 60
FUZZ_RUNS = 1000000000
FUZZ_MINUTES = 0
PLAIN_FLAGS = -std=c17 -D_GNU_SOURCE -DVERSION='"$(VERSION)"' -I. -g -O1
FUZZ_FLAGS = $(PLAIN_FLAGS) -O2 -fsanitize-address-use-after-return=never \
	-fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined \
	-fno-sanitize-recover=all
FUZZ_LIBRARIES = -lbearssl -lcdb -lcrypt -lidn -lhogweed -lnettle -lgmp -lz
FUZZ_MODULES = $(filter-out musl/%,$(MODULES))

define FUZZ_BUILD
build/$(1)/objects/%.o: %.c Makefile
	@mkdir -p $$(@D)
	$$(call SAY,clang $$<) clang $(FUZZ_FLAGS) $(2) -MMD -MP -c -o $$@ $$<

build/$(1)/smtpd-auth.a: $(FUZZ_MODULES:%.c=build/$(1)/objects/%.o)
	$$(call SAY,ar $$@) rm -f $$@; ar rcsD $$@ $$^

build/$(1)/%: build/$(1)/objects/tests/fuzz/%.o build/$(1)/smtpd-auth.a
	$$(call SAY,link $$@) clang $(FUZZ_FLAGS) -fsanitize=fuzzer -o $$@ $$^ \
		$(FUZZ_LIBRARIES)
endef
$(eval $(call FUZZ_BUILD,fuzz))
$(eval $(call FUZZ_BUILD,fuzz-many,-fno-sanitize-coverage=trace-cmp))

# With gcc's counters: which lines are reached.
COVER_ARCHIVE = build/cover/smtpd-auth.a

build/cover/objects/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(call SAY,gcc $<) gcc $(PLAIN_FLAGS) --coverage -MMD -MP -c -o $@ $<

$(COVER_ARCHIVE): $(FUZZ_MODULES:%.c=build/cover/objects/%.o)
	$(call SAY,ar $@) rm -f $@; ar rcsD $@ $^

build/cover/%: build/cover/objects/tests/fuzz/%.o \
		build/cover/objects/tests/replay.o $(COVER_ARCHIVE)
	$(call SAY,link $@) gcc --coverage -o $@ $^ $(FUZZ_LIBRARIES)

fuzz-built: $(FUZZERS:%=build/fuzz/%)
fuzz-many-built: $(FUZZERS:%=build/fuzz-many/%)
cover-built: $(FUZZERS:%=build/cover/%)

fuzz:
	./deps fuzz
	$(MAKE) fuzz-built
	tests/fuzz/run --seconds $(FUZZ_SECONDS)

fuzz-long:
	./deps fuzz
	$(MAKE) fuzz-built fuzz-many-built cover-built
	tests/fuzz/run --runs $(FUZZ_RUNS) --minutes $(FUZZ_MINUTES)

prove:
	./deps prove
	SIZE=$(SIZE) tests/prove/run

# Beside other servers and beside the limit: bench/README. Needs root.
bench:
	./deps bench
	$(MAKE) all
	BUILD=$(BUILD) bench/build
	BUILD=$(BUILD) bench/run $(BENCH)

install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/man/man5 \
		$(DESTDIR)$(PREFIX)/share/man/man8
	install -m 755 $(PROGRAMS) $(DESTDIR)$(PREFIX)/bin
	install -m 644 man/*.5 $(DESTDIR)$(PREFIX)/share/man/man5
	install -m 644 man/*.8 $(DESTDIR)$(PREFIX)/share/man/man8
	install -d -m 555 $(DESTDIR)/var/empty

# Accounts, services and their files stay: docs/running.md.
MANUALS = $(foreach m,$(wildcard man/*.[58]),man$(subst .,,$(suffix $m))/$(notdir $m))
uninstall:
	rm -f $(PROGRAMS:%=$(DESTDIR)$(PREFIX)/bin/%) \
		$(MANUALS:%=$(DESTDIR)$(PREFIX)/share/man/%)
	@echo 'left: services, their files, accounts, /var/empty (docs/running.md)'

clean:
	rm -rf build $(PROGRAMS)

# What was committed, always in the same octets, whatever git and gzip of who
# makes it are told elsewhere.
DIST = smtpd-auth-$(VERSION)
dist:
	@mkdir -p build
	@git -c tar.umask=0022 -c core.autocrlf=false -c core.eol=lf \
		-c core.attributesFile=/dev/null archive --format=tar \
		--prefix=$(DIST)/ -o build/$(DIST).tar HEAD
	@GZIP= gzip -9nf build/$(DIST).tar
	@cd build && sha256sum $(DIST).tar.gz

SOURCES = $(MODULES) $(MAINS)
format:
	clang-format -i $(SOURCES) $(sort $(wildcard */*.h))

lint:
	clang-format --dry-run -Werror $(SOURCES) $(sort $(wildcard */*.h))
	$(MAKE) BUILD=build/lint-gcc CFLAGS='-O2 -Werror' build/lint-gcc/smtpd-auth.a
	for f in $(filter-out musl/%,$(SOURCES)); do \
		clang -std=c17 -D_GNU_SOURCE -DVERSION='""' -I. $(WARNINGS) \
			-Werror -fsyntax-only $$f || exit 1; \
	done
	cppcheck --quiet --enable=warning,portability,performance \
		--error-exitcode=1 --inline-suppr -I. $(filter-out musl/%,$(SOURCES))

-include $(OBJECTS:.o=.d) $(MAINS:%.c=$(BUILD)/%.d) $(wildcard $(BUILD)/tests/*/*.d) \
	$(shell find build/fuzz*/objects build/cover/objects -name "*.d" 2>/dev/null)

# Objects of tests are kept, so that a second make has nothing to do.
.SECONDARY:
.PHONY: all FORCE tests-built checked prove exhaustive smuggling timing $(EVIDENCE) deps \
	deps-check check check-arm64 check-riscv64 check-containers release-check \
	programs dist run fuzz fuzz-built fuzz-many-built fuzz-long cover-built bench install \
	uninstall clean format lint
