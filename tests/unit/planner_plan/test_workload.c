/* SPDX-License-Identifier: Apache-2.0 */
/* From objects with pod templates to pods: one row for each kind, and for what is wrong with them.
 */
#include "base/str.h"
#include "planner/plan/workload.h"
#include "tests/lib/fault.h"
#include "tests/lib/run.h"
#include "world.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* 't' stands for a pod template that asks for one GPU. */
#define GPU_POD                                                                                    \
    "{'metadata':{'labels':{'a':'b'}},'spec':{'containers':[{'name':'c','resources':{'limits':"    \
    "{'nvidia.com/gpu':1}}}]}}"
#define META "'metadata':{'name':'x'}"

struct row {
    const char *what, *object; /* ' for " and $T for the template */
    const char *pods;          /* "NAMESPACE/NAME…[gang/min] …", or the error */
    const char *note;          /* the first; NULL */
    enum sy_code code;
};

static const struct row rows[] = {
    {"a pod",
     "{'apiVersion':'v1','kind':'Pod',"
     "'metadata':{'name':'p','namespace':'n','uid':'u'},'spec':{'containers':[]},"
     "'status':{'phase':'Running'}}",
     "n/p", NULL, SY_OK},
    {"a pod without a name of its own",
     "{'apiVersion':'v1','kind':'Pod','metadata':{'generateName':'p-'},'spec':{'containers':[]}}",
     "default/p-", NULL, SY_OK},
    {"a template", "{'apiVersion':'v1','kind':'PodTemplate'," META ",'template':$T}", "default/x-0",
     NULL, SY_OK},
    {"a deployment without replicas has one",
     "{'apiVersion':'apps/v1','kind':'Deployment'," META ",'spec':{'template':$T}}", "default/x-0",
     NULL, SY_OK},
    {"null is absent",
     "{'apiVersion':'apps/v1','kind':'Deployment'," META ",'spec':{'replicas':null,'template':$T}}",
     "default/x-0", NULL, SY_OK},
    {"a replica set",
     "{'apiVersion':'apps/v1','kind':'ReplicaSet'," META ",'spec':{'replicas':2,'template':$T}}",
     "default/x-0 default/x-1", NULL, SY_OK},
    {"a replication controller",
     "{'apiVersion':'v1','kind':'ReplicationController'," META
     ",'spec':{'replicas':1,'template':$T}}",
     "default/x-0", NULL, SY_OK},
    {"none of a stateful set",
     "{'apiVersion':'apps/v1','kind':'StatefulSet'," META ",'spec':{'replicas':0,'template':$T}}",
     "", NULL, SY_OK},
    {"one for each node that fits, room or not",
     "{'apiVersion':'apps/v1','kind':'DaemonSet'," META ",'spec':{'template':{'spec':{"
     "'nodeSelector':{'rack':'r1'},'containers':[]}}}}",
     "default/x-a@a default/x-b@b",
     "DaemonSet default/x: one pod for each node of the cluster that its selector, affinity and "
     "tolerations let it run on",
     SY_OK},
    {"a job runs one at a time",
     "{'apiVersion':'batch/v1','kind':'Job'," META ",'spec':{'completions':5,'template':$T}}",
     "default/x-0", "Job default/x: its pods that run at the same time", SY_OK},
    {"a job's parallelism",
     "{'apiVersion':'batch/v1','kind':'Job'," META ",'spec':{'parallelism':3,'template':$T}}",
     "default/x-0 default/x-1 default/x-2", "Job default/x: its pods that run at the same time",
     SY_OK},
    {"no more than its completions",
     "{'apiVersion':'batch/v1','kind':'Job'," META
     ",'spec':{'parallelism':9,'completions':2,'completionMode':'Indexed','template':$T}}",
     "default/x-0 default/x-1", "Job default/x: its pods that run at the same time", SY_OK},
    {"a run of a cron job",
     "{'apiVersion':'batch/v1','kind':'CronJob'," META
     ",'spec':{'jobTemplate':{'spec':{'parallelism':2,'template':$T}}}}",
     "default/x-0 default/x-1", "CronJob default/x: one run of it", SY_OK},
    {"a job set",
     "{'apiVersion':'jobset.x-k8s.io/v1alpha2','kind':'JobSet'," META
     ",'spec':{'replicatedJobs':[{'name':'Driver','template':{'spec':{'template':$T}}},"
     "{'name':'w','replicas':2,'template':{'spec':{'parallelism':2,'completions':2,'template':$T}}"
     "}]}}",
     "default/x-driver-0-0 default/x-w-0-0 default/x-w-0-1 default/x-w-1-0 default/x-w-1-1", NULL,
     SY_OK},
    {"leader and workers, a gang for each replica",
     "{'apiVersion':'leaderworkerset.x-k8s.io/v1','kind':'LeaderWorkerSet'," META
     ",'spec':{'replicas':2,'leaderWorkerTemplate':{'size':3,'workerTemplate':$T}}}",
     "default/x-0[1/3] default/x-0-1[1/3] default/x-0-2[1/3] default/x-1[2/3] default/x-1-1[2/3] "
     "default/x-1-2[2/3]",
     NULL, SY_OK},
    {"a training job is a gang",
     "{'apiVersion':'kubeflow.org/v1','kind':'PyTorchJob'," META
     ",'spec':{'pytorchReplicaSpecs':{'Master':{'template':$T},'Worker':{'replicas':2,"
     "'template':$T}}}}",
     "default/x-master-0[1/3] default/x-worker-0[1/3] default/x-worker-1[1/3]", NULL, SY_OK},
    {"fewer of it are enough",
     "{'apiVersion':'kubeflow.org/v1','kind':'TFJob'," META
     ",'spec':{'runPolicy':{'schedulingPolicy':{'minAvailable':1}},'tfReplicaSpecs':{'Worker':{"
     "'replicas':2,'template':$T}}}}",
     "default/x-worker-0[1/1] default/x-worker-1[1/1]", NULL, SY_OK},
    {"more than all of it are all of it",
     "{'apiVersion':'kubeflow.org/v1','kind':'MPIJob'," META
     ",'spec':{'runPolicy':{'schedulingPolicy':{'minAvailable':9}},'mpiReplicaSpecs':{'Launcher':{"
     "'template':$T}}}}",
     "default/x-launcher-0[1/1]", NULL, SY_OK},
    {"a Ray cluster",
     "{'apiVersion':'ray.io/v1','kind':'RayCluster'," META
     ",'spec':{'headGroupSpec':{'template':$T},'workerGroupSpecs':[{'groupName':'gpu','replicas':2,"
     "'numOfHosts':2,'template':$T},{'groupName':'none','template':$T}]}}",
     "default/x-head default/x-gpu-0 default/x-gpu-1 default/x-gpu-2 default/x-gpu-3", NULL, SY_OK},
    {"a Ray job",
     "{'apiVersion':'ray.io/v1','kind':'RayJob'," META
     ",'spec':{'rayClusterSpec':{'headGroupSpec':{'template':$T}}}}",
     "default/x-head", "RayJob default/x: the pods of its cluster, without the one that submits",
     SY_OK},
    {"a Volcano job is another kind of job",
     "{'apiVersion':'batch.volcano.sh/v1alpha1','kind':'Job'," META
     ",'spec':{'minAvailable':2,'tasks':[{'name':'ps','template':$T},{'name':'w','replicas':2,"
     "'template':$T}]}}",
     "default/x-ps-0[1/2] default/x-w-0[1/2] default/x-w-1[1/2]", NULL, SY_OK},
    {"a Kueue workload",
     "{'apiVersion':'kueue.x-k8s.io/v1beta1','kind':'Workload'," META
     ",'spec':{'podSets':[{'name':'main','count':2,'template':$T}]}}",
     "default/x-main-0[1/2] default/x-main-1[1/2]",
     "Workload default/x: Kueue's quotas are not modelled", SY_OK},
    {"queued by Kueue",
     "{'apiVersion':'apps/v1','kind':'Deployment','metadata':{'name':'x','labels':{"
     "'kueue.x-k8s.io/queue-name':'q'}},'spec':{'template':$T}}",
     "default/x-0",
     "Deployment default/x: Kueue admits it by its queue's quota, which is not modelled", SY_OK},
    {"all absent", "{'apiVersion':'kubeflow.org/v1','kind':'PyTorchJob'," META "}", "", NULL,
     SY_OK},
    /* What is wrong */
    {"an unknown kind", "{'apiVersion':'v1','kind':'Service'," META "}",
     "f.yaml:1: kind Service: no pod template is known for it (known: Pod, PodTemplate, "
     "ReplicationController, ReplicaSet, Deployment, StatefulSet, DaemonSet, Job, CronJob, JobSet, "
     "LeaderWorkerSet, PyTorchJob, TFJob, MPIJob, JAXJob, PaddleJob, XGBoostJob, RayCluster, "
     "RayJob, RayService, Job, Workload; --workloads)",
     NULL, SY_EINVAL},
    {"a kind of another group", "{'apiVersion':'example.com/v1','kind':'Pod'," META "}",
     "f.yaml:1: kind Pod of example.com: no pod template is known for it (known: Pod, "
     "PodTemplate, ReplicationController, ReplicaSet, Deployment, StatefulSet, DaemonSet, Job, "
     "CronJob, JobSet, LeaderWorkerSet, PyTorchJob, TFJob, MPIJob, JAXJob, PaddleJob, XGBoostJob, "
     "RayCluster, RayJob, RayService, Job, Workload; --workloads)",
     NULL, SY_EINVAL},
    {"no kind", "{'apiVersion':'v1'}", "f.yaml:1: kind: required", NULL, SY_EINVAL},
    {"a kind that is no text", "{'kind':7}", "f.yaml:1: kind: expected string, got integer", NULL,
     SY_EINVAL},
    {"no name", "{'apiVersion':'v1','kind':'Pod','spec':{}}", "f.yaml:1: metadata.name: required",
     NULL, SY_EINVAL},
    {"no template", "{'apiVersion':'apps/v1','kind':'Deployment'," META ",'spec':{'replicas':1}}",
     "f.yaml:1: spec.template: required", NULL, SY_EINVAL},
    {"no template of one of many",
     "{'apiVersion':'batch.volcano.sh/v1alpha1','kind':'Job'," META
     ",'spec':{'tasks':[{'template':$T},{'replicas':2}]}}",
     "f.yaml:1: spec.tasks[1].template: required", NULL, SY_EINVAL},
    {"no template in a map",
     "{'apiVersion':'kubeflow.org/v1','kind':'PyTorchJob'," META
     ",'spec':{'pytorchReplicaSpecs':{'Master':{}}}}",
     "f.yaml:1: spec.pytorchReplicaSpecs.Master.template: required", NULL, SY_EINVAL},
    {"a template that is a text",
     "{'apiVersion':'apps/v1','kind':'Deployment'," META ",'spec':{'template':'x'}}",
     "f.yaml:1: spec.template: expected object, got string", NULL, SY_EINVAL},
    {"a spec that is a list", "{'apiVersion':'apps/v1','kind':'Deployment'," META ",'spec':[]}",
     "f.yaml:1: spec: expected object, got array", NULL, SY_EINVAL},
    {"replicas that are a text",
     "{'apiVersion':'apps/v1','kind':'Deployment'," META ",'spec':{'replicas':'2','template':$T}}",
     "f.yaml:1: spec.replicas: expected a whole number, got string", NULL, SY_EINVAL},
    {"replicas below zero",
     "{'apiVersion':'apps/v1','kind':'Deployment'," META ",'spec':{'replicas':-1,'template':$T}}",
     "f.yaml:1: spec.replicas: is below zero", NULL, SY_EINVAL},
    {"more replicas than pods are supported",
     "{'apiVersion':'apps/v1','kind':'Deployment'," META
     ",'spec':{'replicas':100001,'template':$T}}",
     "f.yaml:1: Deployment x makes more than 100000 pods, no more are supported", NULL, SY_ELIMIT},
    {"more than a number is supported",
     "{'apiVersion':'apps/v1','kind':'Deployment'," META
     ",'spec':{'replicas':99999999999,'template':$T}}",
     "f.yaml:1: spec.replicas: is more than 1000000000", NULL, SY_ELIMIT},
    {"a billion by a billion",
     "{'apiVersion':'ray.io/v1','kind':'RayCluster'," META
     ",'spec':{'headGroupSpec':{'template':$T},'workerGroupSpecs':[{'replicas':1000000000,"
     "'numOfHosts':1000000000,'template':$T}]}}",
     "f.yaml:1: RayCluster x makes more than 100000 pods, no more are supported", NULL, SY_ELIMIT},
    {"a billion replicas of nothing end at once",
     "{'apiVersion':'leaderworkerset.x-k8s.io/v1','kind':'LeaderWorkerSet'," META
     ",'spec':{'replicas':1000000000,'leaderWorkerTemplate':{'workerTemplate':$T}}}",
     "f.yaml:1: LeaderWorkerSet x makes more than 100000 pods, no more are supported", NULL,
     SY_ELIMIT},
    {"items that are neither list nor map",
     "{'apiVersion':'batch.volcano.sh/v1alpha1','kind':'Job'," META ",'spec':{'tasks':7}}",
     "f.yaml:1: spec.tasks: expected a list or a map, got integer", NULL, SY_EINVAL},
    {"an item that is none",
     "{'apiVersion':'batch.volcano.sh/v1alpha1','kind':'Job'," META ",'spec':{'tasks':[7]}}",
     "f.yaml:1: spec.tasks[0]: expected object, got integer", NULL, SY_EINVAL},
    {"a name of an item that is none",
     "{'apiVersion':'batch.volcano.sh/v1alpha1','kind':'Job'," META
     ",'spec':{'tasks':[{'name':{}}]}}",
     "f.yaml:1: spec.tasks[0].name: expected string, got object", NULL, SY_EINVAL},
    {"metadata of a template that is none",
     "{'apiVersion':'apps/v1','kind':'Deployment'," META ",'spec':{'template':{'metadata':7}}}",
     "f.yaml:1: spec.template: expected 'metadata' to be an object, got integer", NULL, SY_EINVAL},
    {"a pod that is malformed",
     "{'apiVersion':'apps/v1','kind':'Deployment'," META
     ",'spec':{'template':{'spec':{'containers':7}}}}",
     "f.yaml:1: spec.template: /spec/containers: expected array, got integer", NULL, SY_EINVAL},
};

static json_t *object_of(const char *text)
{
    struct sy_str out;
    sy_str_init(&out, 1 << 20);
    for (; *text != '\0'; text++) {
        if (text[0] == '$' && text[1] == 'T') {
            sy_str_append(&out, GPU_POD);
            text++;
        } else {
            sy_str_append_n(&out, text, 1);
        }
    }
    for (size_t i = 0; i < out.len; i++)
        if (out.data[i] == '\'')
            out.data[i] = '"';
    json_t *object = json_loads(out.data, 0, NULL);
    ck_assert_msg(object != NULL, "%s", out.data);
    sy_str_done(&out);
    return object;
}

static void show(const struct sy_workload_pods *pods, struct sy_str *out)
{
    for (size_t i = 0; i < pods->n; i++) {
        const struct sy_workload_pod *pod = &pods->pod[i];
        sy_str_printf(out, "%s%s/%s", i > 0 ? " " : "", pod->pod.namespace_, pod->pod.name);
        if (pod->pod.node_name != NULL)
            sy_str_printf(out, "@%s", pod->pod.node_name);
        if (pod->gang > 0)
            sy_str_printf(out, "[%u/%u]", pod->gang, pod->gang_min);
    }
}

/* Two nodes of rack r1 and one of another; the second is too small for anything. */
static void open_nodes(struct world *w)
{
    world_open(w, NULL);
    world_add_node(w, &(struct world_node){"a", NULL, NULL, "cpu=8", "rack=r1", NULL});
    world_add_node(w, &(struct world_node){"b", NULL, NULL, "pods=0", "rack=r1", NULL});
    world_add_node(w, &(struct world_node){"c", NULL, NULL, "cpu=8", "rack=r2", NULL});
    world_add_node(w, &(struct world_node){"d", NULL, NULL, "cpu=8", "rack=r1", "dedicated"});
    world_ready(w);
}

START_TEST(expands)
{
    const struct row *row = &rows[_i];
    struct world w;
    open_nodes(&w);
    struct sy_manifest manifest = {object_of(row->object), "f.yaml:1"};
    struct sy_workload_pods pods = {0};
    struct sy_err err = {0};
    struct sy_str out;
    sy_str_init(&out, 1 << 20);
    sy_str_append(&out, "");
    enum sy_code code = sy_workload_expand(&manifest, &w.state, w.arena, &pods, &err);
    ck_assert_msg(code == row->code, "%s: %s", row->what, err.text);
    if (code == SY_OK)
        show(&pods, &out);
    else
        sy_str_append(&out, err.text);
    ck_assert_msg(strcmp(out.data != NULL ? out.data : "", row->pods) == 0, "%s:\n%s", row->what,
                  out.data);
    if (code == SY_OK)
        ck_assert_uint_eq(pods.nnote, row->note != NULL);
    if (code == SY_OK && row->note != NULL)
        ck_assert_str_eq(pods.note[0], row->note);
    sy_workload_pods_done(&pods);
    json_decref(manifest.object);
    sy_str_done(&out);
    world_close(&w);
}
END_TEST

START_TEST(pods_are_new_ones)
{
    struct world w;
    open_nodes(&w);
    struct sy_manifest manifest = {object_of("{'apiVersion':'apps/v1','kind':'Deployment'," META
                                             ",'spec':{'replicas':2,'template':$T}}"),
                                   "f"};
    struct sy_workload_pods pods;
    struct sy_err err = {0};
    ck_assert_int_eq(sy_workload_expand(&manifest, &w.state, w.arena, &pods, &err), SY_OK);
    json_decref(manifest.object); /* they do not need it */
    const struct sy_state_pod *pod = &pods.pod[1].pod;
    ck_assert_str_eq(pod->uid, "");
    ck_assert_str_eq(pod->owner_kind, "Deployment");
    ck_assert_str_eq(pod->owner_name, "x");
    ck_assert_uint_eq(pod->node, UINT32_MAX);
    ck_assert_uint_eq(pod->request.nentry, 1);
    ck_assert_str_eq(pod->request.name, "x-1");
    const json_t *labels = json_object_get(json_object_get(pod->object, "metadata"), "labels");
    ck_assert_str_eq(json_string_value(json_object_get(labels, "a")), "b");
    sy_workload_pods_done(&pods);
    world_close(&w);
}
END_TEST

START_TEST(gangs_go_on)
{
    struct world w;
    open_nodes(&w);
    const char *lws = "{'apiVersion':'leaderworkerset.x-k8s.io/v1','kind':'LeaderWorkerSet'," META
                      ",'spec':{'replicas':2,'leaderWorkerTemplate':{'workerTemplate':$T}}}";
    struct sy_manifest manifest[2] = {{object_of(lws), "a"}, {object_of(lws), "b"}};
    struct sy_workload_options options = {.namespace_ = "team"};
    struct sy_workload_pods pods;
    struct sy_err err = {0};
    struct sy_str out;
    sy_str_init(&out, 1 << 20);
    ck_assert_int_eq(sy_workload_expand_all(manifest, 2, &options, &w.state, w.arena, &pods, &err),
                     SY_OK);
    show(&pods, &out);
    ck_assert_str_eq(out.data, "team/x-0[1/1] team/x-1[2/1] team/x-0[3/1] team/x-1[4/1]");
    sy_workload_pods_done(&pods);
    json_decref(manifest[0].object);
    json_decref(manifest[1].object);
    sy_str_done(&out);
    world_close(&w);
}
END_TEST

static void write_file(char *path, const char *text)
{
    strcpy(path, "/tmp/sy-workloads-XXXXXX");
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    (void)close(fd);
}

struct table_row {
    const char *text, *error; /* without the file's name */
};
static const struct table_row tables[] = {
    {"kinds:\n- {kind: Farm, group: example.com, sets: [{template: spec.t, count: [spec.n]}]}\n",
     NULL},
    {"kinds: {}\n", ":1:8: 'kinds': expected a list of at most 1000 kinds"},
    {"kinds:\n- {group: x}\n", ":2:3: 'kind' is required"},
    {"kinds:\n- {kind: X}\n", ":2:3: 'sets': expected a list of 1 to 16 sets"},
    {"kinds:\n- {kind: X, sets: [{}]}\n", ":2:20: 'template' is required"},
    {"kinds:\n- {kind: X, gang: all, sets: [{template: t}]}\n",
     ":2:19: 'all': expected none, object or replica"},
    {"kinds:\n- {kind: X, sets: [{template: t, less: -1}]}\n", ":2:40: -1 is not within 0..100000"},
    {"kinds:\n- {kind: X, sets: [{template: t, count: spec.n}]}\n",
     ":2:41: expected a list of at most 4 paths"},
};

START_TEST(users_add_kinds)
{
    const struct table_row *row = &tables[_i];
    struct world w;
    char path[64];
    const struct sy_workload_table *table = NULL;
    struct sy_err err = {0};
    open_nodes(&w);
    write_file(path, row->text);
    enum sy_code code = sy_workload_table_load(path, w.arena, &table, &err);
    (void)unlink(path);
    if (row->error != NULL) {
        ck_assert_int_ne(code, SY_OK);
        ck_assert_str_eq(err.text + strlen(path), row->error);
    } else {
        ck_assert_msg(code == SY_OK, "%s", err.text);
        struct sy_manifest manifest = {
            object_of("{'apiVersion':'example.com/v2','kind':'Farm'," META
                      ",'spec':{'n':2,'t':$T}}"),
            "f"};
        struct sy_workload_options options = {.table = table};
        struct sy_workload_pods pods;
        ck_assert_int_eq(
            sy_workload_expand_all(&manifest, 1, &options, &w.state, w.arena, &pods, &err), SY_OK);
        ck_assert_uint_eq(pods.n, 2);
        sy_workload_pods_done(&pods);
        json_decref(manifest.object);
    }
    world_close(&w);
}
END_TEST

static enum sy_code expand_once(void *data, struct sy_err *err)
{
    struct world *w = data;
    SY_AUTO(sy_arena) struct sy_arena *arena = sy_arena_new(1 << 22);
    struct sy_workload_pods pods = {0};
    if (arena == NULL)
        return sy_fail(err, SY_ENOMEM, "out of memory");
    struct sy_manifest manifest = {w->keep, "f"};
    manifest.object = json_array_get(w->keep, json_array_size(w->keep) - 1);
    enum sy_code code = sy_workload_expand(&manifest, &w->state, arena, &pods, err);
    sy_workload_pods_done(&pods);
    return code;
}

START_TEST(survives_failing_allocations)
{
    static const char *const objects[] = {
        "{'apiVersion':'apps/v1','kind':'DaemonSet'," META
        ",'spec':{'template':{'spec':{'tolerations':[{'operator':'Exists'}],'containers':[]}}}}",
        "{'apiVersion':'kubeflow.org/v1','kind':'PyTorchJob'," META
        ",'spec':{'pytorchReplicaSpecs':{'Master':{'template':$T},'Worker':{'replicas':2,"
        "'template':$T}}}}",
    };
    struct world w;
    open_nodes(&w);
    (void)json_array_append_new(w.keep, object_of(objects[_i]));
    ck_assert_int_gt(sy_fault_sweep(expand_once, &w, 0), 10);
    world_close(&w);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("planner_plan_workload");
    TCase *tcase = tcase_create("workload");
    tcase_add_loop_test(tcase, expands, 0, sizeof rows / sizeof rows[0]);
    tcase_add_test(tcase, pods_are_new_ones);
    tcase_add_test(tcase, gangs_go_on);
    tcase_add_loop_test(tcase, users_add_kinds, 0, sizeof tables / sizeof tables[0]);
    tcase_add_loop_test(tcase, survives_failing_allocations, 0, 2);
    suite_add_tcase(suite, tcase);
    return sy_run(suite);
}
