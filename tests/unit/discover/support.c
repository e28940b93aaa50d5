/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/discover/support.h"

#include "tests/lib/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define SETS(cpus, node)                                                                           \
    "cpuset=\"" cpus "\" complete_cpuset=\"" cpus "\" nodeset=\"" node                             \
    "\" complete_nodeset=\"" node "\""
#define PU(n, cpus, node, gp)                                                                      \
    "<object type=\"PU\" os_index=\"" n "\" " SETS(cpus, node) " gp_index=\"" gp "\"/>\n"

const char good_xml[] =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    "<!DOCTYPE topology SYSTEM \"hwloc2.dtd\">\n"
    "<topology version=\"2.0\">\n"
    "<object type=\"Machine\" os_index=\"0\" " SETS(
        "0x0000000f",
        "0x00000003") " allowed_cpuset=\"0x0000000f\" allowed_nodeset=\"0x00000003\" "
                      "gp_index=\"1\">\n"
                      "<info name=\"DMIProductName\" value=\"Test\"/>\n"
                      "<object type=\"Package\" os_index=\"0\" " SETS(
                          "0x00000003",
                          "0x00000001") " gp_index=\"2\">\n"
                                        "<info name=\"CPUModel\" value=\"Fast "
                                        "CPU\"/>\n"
                                        "<object type=\"NUMANode\" "
                                        "os_index=\"0\" " SETS(
                                            "0x00000003",
                                            "0x00000"
                                            "001") " gp_index=\"3\" "
                                                   "local_memory=\"1073741824\"/>\n" PU("0",
                                                                                        "0x0000000"
                                                                                        "1",
                                                                                        "0x0000000"
                                                                                        "1",
                                                                                        "4")
                                                       PU("1", "0x00000002", "0x00000001",
                                                          "5") "<object type=\"Bridge\" "
                                                               "gp_index=\"20\" "
                                                               "bridge_type=\"0-1\" depth=\"0\" "
                                                               "bridge_pci=\"0000:[00-10]\">\n"
                                                               "<object type=\"Bridge\" "
                                                               "gp_index=\"21\" "
                                                               "bridge_type=\"1-1\" depth=\"1\" "
                                                               "bridge_pci=\"0000:[01-01]\" "
                                                               "pci_busid=\"0000:00:01.0\" "
                                                               "pci_type=\"0604 [8086:347a] "
                                                               "[0000:0000] 00\" "
                                                               "pci_link_speed=\"31.507692\">\n"
                                                               "<object type=\"PCIDev\" "
                                                               "gp_index=\"22\" "
                                                               "pci_busid=\"0000:01:00.0\" "
                                                               "pci_type=\"0302 [10de:20b0] "
                                                               "[10de:134f] a1\" "
                                                               "pci_link_speed=\"15.753846\">\n"
                                                               "<info name=\"MaxLinkSpeed\" "
                                                               "value=\"31.507692\"/>\n"
                                                               "<object type=\"OSDev\" "
                                                               "gp_index=\"23\" name=\"card0\" "
                                                               "osdev_type=\"1\"/>\n"
                                                               "<object type=\"OSDev\" "
                                                               "gp_index=\"24\" name=\"nvml0\" "
                                                               "osdev_type=\"1\">\n"
                                                               "<info name=\"NVIDIAUUID\" "
                                                               "value=\"GPU-1\"/>\n"
                                                               "</object>\n"
                                                               "</object>\n"
                                                               "</object>\n"
                                                               "</object>\n"
                                                               "</object>\n"
                                                               "<object type=\"Package\" "
                                                               "os_index=\"1\" " SETS(
                                                                   "0x0000000c",
                                                                   "0x00000002") " gp_index="
                                                                                 "\"6\">\n"
                                                                                 "<object "
                                                                                 "type="
                                                                                 "\"NUMANode\" "
                                                                                 "os_index="
                                                                                 "\"1\" " SETS(
                                                                                     "0x0000000"
                                                                                     "c",
                                                                                     "0x0000000"
                                                                                     "2") " gp_"
                                                                                          "index"
                                                                                          "=\"7"
                                                                                          "\" "
                                                                                          "local"
                                                                                          "_memo"
                                                                                          "ry="
                                                                                          "\"107"
                                                                                          "37418"
                                                                                          "24\"/"
                                                                                          ">"
                                                                                          "\n" PU(
                                                                                              "2",
                                                                                              "0x00"
                                                                                              "0000"
                                                                                              "04",
                                                                                              "0x00"
                                                                                              "0000"
                                                                                              "02",
                                                                                              "8")
                                                                                              PU("3",
                                                                                                 "0"
                                                                                                 "x"
                                                                                                 "0"
                                                                                                 "0"
                                                                                                 "0"
                                                                                                 "0"
                                                                                                 "0"
                                                                                                 "0"
                                                                                                 "0"
                                                                                                 "8",
                                                                                                 "0"
                                                                                                 "x"
                                                                                                 "0"
                                                                                                 "0"
                                                                                                 "0"
                                                                                                 "0"
                                                                                                 "0"
                                                                                                 "0"
                                                                                                 "0"
                                                                                                 "2",
                                                                                                 "9") "</object>\n"
                                                                                                      "</object>\n"
                                                                                                      "</topology>\n";

char *edited(const char *text, const char *from, const char *to)
{
    const char *at = strstr(text, from);
    ck_assert_msg(at != NULL, "'%s' is not in the text", from);
    size_t len = strlen(text) - strlen(from) + strlen(to);
    char *made = sy_malloc(len + 1);
    ck_assert_ptr_nonnull(made);
    (void)snprintf(made, len + 1, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    return made;
}

void make_folders(const char *path)
{
    char part[512];
    for (const char *slash = strchr(path + 1, '/');; slash = strchr(slash + 1, '/')) {
        int len = slash != NULL ? (int)(slash - path) : (int)strlen(path);
        (void)snprintf(part, sizeof part, "%.*s", len, path);
        (void)mkdir(part, 0700);
        if (slash == NULL)
            break;
    }
    struct stat info;
    ck_assert_msg(stat(path, &info) == 0 && S_ISDIR(info.st_mode), "%s", path);
}

void write_file(const char *path, const char *text)
{
    char folder[512];
    (void)snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(path, '/') - path), path);
    make_folders(folder);
    FILE *file = fopen(path, "w");
    ck_assert_msg(file != NULL, "%s", path);
    ck_assert_int_ge(fputs(text, file), 0);
    ck_assert_int_eq(fclose(file), 0);
}

int shell(const char *command)
{
    int status = system(command);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

uint16_t object_at(const struct sy_inventory *inv, const char *addr)
{
    for (uint16_t i = 0; i < inv->nobj; i++) {
        char text[SY_PCI_ADDR_TEXT];
        uint8_t type = inv->obj[i].type;
        if ((type == SY_OBJ_BRIDGE || type == SY_OBJ_DEVICE) &&
            strcmp(sy_pci_addr_format(inv->obj[i].addr, text), addr) == 0)
            return i;
    }
    ck_abort_msg("%s is not there", addr);
    return 0;
}

const char *place_of(const struct sy_inventory *inv, uint16_t obj)
{
    static char text[512];
    text[0] = '\0';
    for (uint16_t i = obj; i != 0;) {
        char rest[512], addr[SY_PCI_ADDR_TEXT];
        i = inv->obj[i].parent;
        const struct sy_obj *at = &inv->obj[i];
        const char *type = sy_obj_type_name((enum sy_obj_type)at->type);
        (void)snprintf(rest, sizeof rest, "%s%s", text[0] != '\0' ? " < " : "", type);
        if (at->type == SY_OBJ_PACKAGE || at->type == SY_OBJ_NUMA)
            (void)snprintf(rest + strlen(rest), sizeof rest - strlen(rest), " %u", at->os_index);
        else if (at->type != SY_OBJ_MACHINE)
            (void)snprintf(rest + strlen(rest), sizeof rest - strlen(rest), " %s",
                           sy_pci_addr_format(at->addr, addr));
        (void)snprintf(text + strlen(text), sizeof text - strlen(text), "%s", rest);
    }
    return text;
}
