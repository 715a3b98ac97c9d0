package fleet

import (
	"errors"
	"fmt"
	"strings"

	"github.com/nats-io/nkeys"
)

// Names on the server. All begin with reprise, so that a server of others can be shared.
const (
	streamWork    = "REPRISE_WORK"    // tasks; a message is gone when it is acknowledged
	streamResults = "REPRISE_RESULTS" // sealed results; a message is gone when it is kept
	streamRecords = "REPRISE_RECORDS" // chunks of records too large for their result
	streamPlans   = "REPRISE_PLANS"   // chunks of encrypted payloads
	streamImages  = "REPRISE_IMAGES"  // chunks of encrypted images

	bucketRoster    = "reprise-roster"    // worker's key → its offer
	bucketNeeds     = "reprise-needs"     // needs key → needs, as long as a coordinator has such tasks
	bucketWorks     = "reprise-works"     // work → its coordinator's lease
	bucketCancelled = "reprise-cancelled" // work.task → nothing; a task that is to end

	prefixWork     = "reprise.work"     // .<needs key>.<work>.<task>
	prefixResult   = "reprise.result"   // .<work>.<worker>.<task>
	prefixRecord   = "reprise.record"   // .<worker>.<name>.<chunk>
	prefixPlan     = "reprise.plan"     // .<coordinator>.<digest>.<all, or name-chunk>
	prefixImage    = "reprise.image"    // .<coordinator>.<digest>.<all, or name-chunk>
	prefixProgress = "reprise.progress" // .<work>.<worker>.<task>, not stored
	prefixControl  = "reprise.control"  // .<worker>.<request>, not stored
	prefixAnswer   = "reprise.answer"   // .<worker>.<at random>, not stored
	// ServerRequests is what an embedded server answers beneath: .remove, .tokens, .url.
	ServerRequests = "reprise.server"
)

// Role is what a key may do on the server.
type Role string

// Roles.
const (
	RoleWorker      Role = "worker"      // takes tasks
	RoleCoordinator Role = "coordinator" // gives tasks; also asks workers to drain, and the server to forget them
)

// UnmarshalText accepts only known names.
func (r *Role) UnmarshalText(b []byte) error {
	switch Role(b) {
	case RoleWorker, RoleCoordinator:
		*r = Role(b)
		return nil
	}
	return fmt.Errorf("unknown role %q", b)
}

// Permissions are the subjects that a key may publish to and subscribe to in a role. A worker
// pulls tasks, reads leases, cancellations, needs and (encrypted) plans, and writes beneath its own key;
// it makes no consumer and reads no other's inbox, so that it sees no task it does not take and no
// result of another. It answers requests beneath its own key: it may not answer what it hears, for it hears what
// coordinators ask the server to store.
//
// Nobody's permissions bound the reply subject of a request. What a role may publish is therefore not all that it can
// have the server publish: what coordinators say is signed, and what is not is nothing that they said.
func Permissions(r Role, key string) (publish, subscribe []string) {
	if r == RoleCoordinator {
		return []string{">"}, []string{">"}
	}
	publish = []string{
		"$JS.API.INFO",
		"$JS.API.STREAM.INFO." + streamWork,
		"$JS.API.CONSUMER.INFO." + streamWork + ".*",
		"$JS.API.CONSUMER.MSG.NEXT." + streamWork + ".*",
		"$JS.ACK." + streamWork + ".>",
		"$JS.API.STREAM.INFO.KV_" + bucketNeeds,
		"$JS.API.DIRECT.GET.KV_" + bucketNeeds + ".$KV." + bucketNeeds + ".*",
		"$JS.API.DIRECT.GET.KV_" + bucketWorks + ".$KV." + bucketWorks + ".*",
		"$JS.API.DIRECT.GET.KV_" + bucketCancelled + ".$KV." + bucketCancelled + ".*.*",
		"$JS.API.DIRECT.GET." + streamPlans + "." + prefixPlan + ".*.*.*",
		"$JS.API.DIRECT.GET." + streamImages + "." + prefixImage + ".*.*.*",
		"$KV." + bucketRoster + "." + key,
		prefixResult + ".*." + key + ".*",
		prefixRecord + "." + key + ".*.*",
		prefixProgress + ".*." + key + ".*",
		prefixAnswer + "." + key + ".*",
	}
	subscribe = []string{
		inbox(key) + ".>",
		prefixControl + "." + key + ".*",
		"$KV." + bucketNeeds + ".*",
		"$KV." + bucketCancelled + ".*.*",
		"$KV." + bucketWorks + ".*",
	}
	return publish, subscribe
}

func worksSubject(work string) string { return "$KV." + bucketWorks + "." + work }
func needsSubject(key string) string  { return "$KV." + bucketNeeds + "." + key }
func cancelledSubject(work, id string) string {
	return "$KV." + bucketCancelled + "." + work + "." + id
}

// inbox is where answers to a key come; nobody else may listen there.
func inbox(key string) string { return "_INBOX_" + key }

func subject(tokens ...string) string { return strings.Join(tokens, ".") }

const tokenRunes = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"

// checkToken reports whether a name can stand in a subject.
func checkToken(what, name string) error {
	if name == "" || len(name) > 64 {
		return fmt.Errorf("%s %q: need 1 to 64 letters, digits, - or _", what, name)
	}
	for _, r := range name {
		if !strings.ContainsRune(tokenRunes, r) {
			return fmt.Errorf("%s %q: only letters, digits, - and _", what, name)
		}
	}
	return nil
}

// errKey is a name that is no public key of a user.
var errKey = errors.New("no public nkey of a user")

func checkKey(key string) error {
	if !nkeys.IsValidPublicUserKey(key) {
		return fmt.Errorf("%q: %w", key, errKey)
	}
	return nil
}
