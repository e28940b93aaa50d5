/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/replay/result.h"

#include <string.h>

#define COUNT_MAX ((int64_t)1 << 53) /* what a JSON reader that keeps doubles still tells apart */
#define BINS_MAX (SY_RUN_PERCENT_MAX + 1u)
#define REAL_MAX 1e15

static const char *const kind_key[SY_POD_KIND_COUNT] = {
#define X(id, key) [SY_POD_##id] = key,
    SY_POD_KINDS(X)
#undef X
};
static const char *const lack_key[SY_LACK_COUNT] = {
#define X(id, key) [SY_LACK_##id] = key,
    SY_LACKS(X)
#undef X
};

static bool put_counts(json_t *json, const char *name, const char *const *key,
                       const uint64_t *count, size_t n)
{
    json_t *counts = json_object();
    bool good = counts != NULL;
    for (size_t i = 0; good && i < n; i++)
        good = json_object_set_new(counts, key[i], json_integer((json_int_t)count[i])) == 0;
    return json_object_set_new(json, name, counts) == 0 && good;
}

static json_t *bins_to_json(const struct sy_run_result *result)
{
    json_t *json = json_object(), *array;
    bool good = json != NULL;
#define X(field, key)                                                                              \
    array = json_array();                                                                          \
    for (size_t i = 0; i < result->nbins; i++)                                                     \
        good =                                                                                     \
            json_array_append_new(array, json_integer((json_int_t)result->bin[i].field)) == 0 &&   \
            good;                                                                                  \
    good = json_object_set_new(json, key, array) == 0 && good;
    SY_BIN_COUNTS(X)
#undef X
#define X(field, key)                                                                              \
    array = json_array();                                                                          \
    for (size_t i = 0; i < result->nbins; i++)                                                     \
        good = json_array_append_new(array, json_real(result->bin[i].field)) == 0 && good;         \
    good = json_object_set_new(json, key, array) == 0 && good;
    SY_BIN_REALS(X)
#undef X
    if (!good)
        json_decref(json);
    return good ? json : NULL;
}

json_t *sy_run_result_to_json(const struct sy_run_result *result)
{
    json_t *json = json_object();
    bool good = json != NULL;
#define X(field, key)                                                                              \
    good = json_object_set_new(json, key, json_integer((json_int_t)result->field)) == 0 && good;
    SY_RESULT_COUNTS(X)
#undef X
    good = good &&
           put_counts(json, "failedPodsByKind", kind_key, result->failed_kind, SY_POD_KIND_COUNT);
    good = good &&
           put_counts(json, "failedPodsByReason", lack_key, result->failed_lack, SY_LACK_COUNT);
    good = good &&
           json_object_set_new(json, "fragmentMilli", json_real(result->fragment_milli)) == 0 &&
           json_object_set_new(json, "firstFailurePercent",
                               json_real(result->first_failure_percent)) == 0 &&
           json_object_set_new(json, "bins", bins_to_json(result)) == 0;
    if (!good)
        json_decref(json);
    return good ? json : NULL;
}

static enum sy_code read_count(const json_t *json, const char *key, const struct sy_path *at,
                               int64_t *ret, struct sy_err *err)
{
    return sy_json_int(json, key, SY_JSON_REQUIRED, 0, COUNT_MAX, at, ret, err);
}

static enum sy_code read_counts(const json_t *json, const char *name, const char *const *key,
                                size_t n, const struct sy_path *at, uint64_t *ret,
                                struct sy_err *err)
{
    json_t *counts = NULL;
    enum sy_code code = sy_json_object(json, name, SY_JSON_REQUIRED, at, &counts, err);
    for (size_t i = 0; code == SY_OK && i < n; i++) {
        int64_t count = 0;
        code = read_count(counts, key[i], SY_PATH_KEY(at, name), &count, err);
        ret[i] = (uint64_t)count;
    }
    return code;
}

/* One column of the bins: as long as the first one. */
static enum sy_code read_column(const json_t *bins, const char *key, const struct sy_path *at,
                                struct sy_run_result *result, json_t **ret, struct sy_err *err)
{
    json_t *array = NULL;
    enum sy_code code = sy_json_array(bins, key, SY_JSON_REQUIRED, BINS_MAX, at, &array, err);
    if (code != SY_OK)
        return code;
    size_t n = json_array_size(array);
    if (result->bin == NULL) {
        if (n == 0)
            return sy_json_fail(SY_PATH_KEY(at, key), SY_EINVAL, err, "empty");
        result->bin = sy_calloc(n, sizeof *result->bin);
        if (result->bin == NULL)
            return sy_fail(err, SY_ENOMEM, "out of memory for the curve");
        result->nbins = n;
    }
    if (n != result->nbins)
        return sy_json_fail(SY_PATH_KEY(at, key), SY_EINVAL, err, "%zu items, others have %zu", n,
                            result->nbins);
    *ret = array;
    return SY_OK;
}

static enum sy_code read_number(const json_t *array, size_t i, double max, const struct sy_path *at,
                                double *ret, struct sy_err *err)
{
    const json_t *value = json_array_get(array, i);
    if (!json_is_number(value))
        return sy_json_fail_type(SY_PATH_AT(at, i), "number", value, err);
    double number = json_number_value(value);
    if (!(number >= 0 && number <= max))
        return sy_json_fail(SY_PATH_AT(at, i), SY_ELIMIT, err, "%g is not in 0..%g", number, max);
    *ret = number;
    return SY_OK;
}

static enum sy_code read_bins(const json_t *bins, const struct sy_path *at,
                              struct sy_run_result *result, struct sy_err *err)
{
    enum sy_code code = SY_OK;
    json_t *array = NULL;
    double value = 0;
#define X(field, key)                                                                              \
    if (code == SY_OK)                                                                             \
        code = read_column(bins, key, at, result, &array, err);                                    \
    for (size_t i = 0; code == SY_OK && i < result->nbins; i++) {                                  \
        code = read_number(array, i, (double)COUNT_MAX, SY_PATH_KEY(at, key), &value, err);        \
        result->bin[i].field = (__typeof__(result->bin[i].field))value;                            \
    }
    SY_BIN_COUNTS(X)
#undef X
#define X(field, key)                                                                              \
    if (code == SY_OK)                                                                             \
        code = read_column(bins, key, at, result, &array, err);                                    \
    for (size_t i = 0; code == SY_OK && i < result->nbins; i++)                                    \
        code = read_number(array, i, REAL_MAX, SY_PATH_KEY(at, key), &result->bin[i].field, err);
    SY_BIN_REALS(X)
#undef X
    return code;
}

static enum sy_code read_result(const json_t *json, const struct sy_path *at,
                                struct sy_run_result *result, struct sy_err *err)
{
    enum sy_code code = SY_OK;
    int64_t count = 0;
    json_t *bins = NULL;
#define X(field, key)                                                                              \
    if (code == SY_OK)                                                                             \
        code = read_count(json, key, at, &count, err);                                             \
    result->field = (__typeof__(result->field))count;
    SY_RESULT_COUNTS(X)
#undef X
    if (code == SY_OK)
        code = read_counts(json, "failedPodsByKind", kind_key, SY_POD_KIND_COUNT, at,
                           result->failed_kind, err);
    if (code == SY_OK)
        code = read_counts(json, "failedPodsByReason", lack_key, SY_LACK_COUNT, at,
                           result->failed_lack, err);
    if (code == SY_OK)
        code = sy_json_real(json, "fragmentMilli", SY_JSON_REQUIRED, -1, REAL_MAX, at,
                            &result->fragment_milli, err);
    if (code == SY_OK)
        code = sy_json_real(json, "firstFailurePercent", SY_JSON_REQUIRED, -1, REAL_MAX, at,
                            &result->first_failure_percent, err);
    if (code == SY_OK)
        code = sy_json_object(json, "bins", SY_JSON_REQUIRED, at, &bins, err);
    return code == SY_OK ? read_bins(bins, SY_PATH_KEY(at, "bins"), result, err) : code;
}

enum sy_code sy_run_result_parse(const json_t *json, const struct sy_path *at,
                                 struct sy_run_result *ret, struct sy_err *err)
{
    struct sy_run_result result = {0};
    if (!json_is_object(json))
        return sy_json_fail_type(at, "object", json, err);
    enum sy_code code = read_result(json, at, &result, err);
    if (code == SY_OK)
        *ret = result;
    else
        sy_run_result_done(&result);
    return code;
}
