#!/usr/bin/env bash
# labels: plain
# timeout: 900
# seconds: 70
# The techniques that models/ shows: each program is compiled, built, run, and its log asked. Closed forms where the text here
# or the model names one; the limits of evolution, robust, attention_entropy, adversarial, depth, vae, fashion, word2vec and overfit are
# judgement: what must stand apart stands apart by far. NAMES=… runs some of them, FULL=1 the whole budget of burgers (two minutes) and augment (one).
source "$(dirname "$0")/../common.sh"
need_nnc
: "${NAMES:=quadratic flow oscillator newton game ridge augment evolution robust variational hmc private lanczos lyapunov symmetry depth neural_ode adaptive_ode lora unfreeze attention_entropy transport burgers poisson adversarial vae fashion memory extreme_logits word2vec overfit}"
cd "$work"

# A2: 0.0359 is the start's distance from the solution along the first eigenvector, (0.92388, 0.38268)
quadratic() {
  build quadratic --float=f64 && run quadratic || return 0
  holds quadratic 'near(below / ((4 / 7 * cos(atan2(0, -1) / 8) - 9 / 7 * sin(atan2(0, -1) / 8)) * 0.98 ^ 400), 1, 1e-9)' \
    'near(above / ((4 / 7 * cos(atan2(0, -1) / 8) - 9 / 7 * sin(atan2(0, -1) / 8)) * 1.02 ^ 400), 1, 1e-9)' 'best < 1e-14'
}
# A3: the gap of Euler's method is of first order: halving the step halves it
flow() {
  build flow --float=f64 && run flow || return 0
  holds flow 'coarse_error < 1e-14 && fine_error < 1e-14 && finest_error < 1e-14' 'near(coarse_gap / coarse_predicted, 1, 0.03)' \
    'near(finest_gap / finest_predicted, 1, 0.0075)' 'near(coarse_gap / fine_gap, 2, 0.03)' 'near(fine_gap / finest_gap, 2, 0.015)'
}
# A4: leapfrog's energy error is of second order and does not drift; friction takes exp(-gamma t) on the mean of a period
oscillator() {
  build oscillator --float=f64 && run oscillator || return 0
  holds oscillator 'coarse_worst < 1e-3' 'near(coarse_worst / fine_worst, 4, 0.04)' 'near(damped_energy / (2.5 * exp(-2)), 1, 0.1)'
}
# A7
newton() {
  build newton --float=f64 && run newton || return 0
  holds newton 'near(fastest, 0.5, 1e-9) && near(slowest, 0.5, 1e-9)' 'near(descent, 0.9999, 1e-9)' 'near(loss / first_loss, 0.25 ^ 9, 1e-10)'
}
# A11, A12: the radii under clipping by value and by the own norm come from the recursion itself, written down again here
game() {
  build game --float=f64 && run game || return 0
  holds game 'near(plain, 1.01 ^ 100, 1e-12)' 'near(clipped, sqrt(1 + 200 * 0.05 ^ 2), 1e-5)' 'near(agreed / (0.9 ^ 2 + 0.1 ^ 2) ^ 100, 1, 1e-9)' \
    "$(awk 'function cut(g, most) { return g > most ? most : g < -most ? -most : g }
            function most(w) { w = w < 0 ? -w : w; return 0.5 * (w > 1e-3 ? w : 1e-3) }
            BEGIN { x = u = 1; y = v = 0
                    for (k = 0; k < 200; k++) { gx = cut(y, 0.5); gy = cut(-x, 0.5); x -= 0.1 * gx; y -= 0.1 * gy
                                                gu = cut(v, most(u)); gv = cut(-u, most(v)); u -= 0.1 * gu; v -= 0.1 * gv }
                    printf "near(bounded, %.15g, 1e-9) && near(adaptive, %.15g, 1e-9)", sqrt(x * x + y * y), sqrt(u * u + v * v) }')"
}
# A10: a valley over lambda, and its slope by differencing and through 200 unrolled steps
ridge() {
  build ridge --float=f64 && run ridge || return 0
  awk '{ gsub(/[{}" ]/, ""); n = split($0, f, ","); for (i = 4; i <= n; i++) { split(f[i], p, ":"); v[p[1]] = p[2] }
         d = v["slope"] - v["difference"]; if (d < 0) d = -d; s = v["slope"] < 0 ? -v["slope"] : v["slope"]
         if (!(d <= 1e-5 * (s + 0.01))) bad++; if (v["slope"] < 0) { if (up) bad++; down++ } else up++ }
       END { exit !(NR == 10 && bad == 0 && down > 3 && up > 2) }' ridge.log || fail "ridge: no valley, or slopes that differ: $(cat ridge.log)"
}
# A10: what the operations do is exact; what they are good for takes FULL=1 (a minute)
augment() {
  local with
  need_fashion
  build augment && run augment --steps 2 || return 0
  holds augment 'moved == 0 && lost == 0 && mirrored == 0 && kept == 0'
  [ -n "${FULL:-}" ] || return 0
  run augment && with=$(sed -n 's/.*"accuracy":\([^,}]*\).*/\1/p' augment.log | tail -n 1)
  build augment -D augment=false && run augment || return 0
  holds augment "accuracy < $with - 0.01"
}
# A15
evolution() {
  build evolution && run evolution || return 0
  awk '/"func":"breed"/ { sub(/.*"loss":/, ""); if (!first) first = $0 + 0; last = $0 + 0 } END { exit !(last < 0.02 * first) }' evolution.log ||
    fail "evolution: the loss without gradients does not fall to a fiftieth"
  holds evolution 'loss < 1e-3'
}
# C2: least squares is known; the robust losses are nearer to 2 and -1
robust() {
  build robust && run robust || return 0
  holds robust 'near(squared_slope, normal_slope, 1e-5) && near(squared_offset, normal_offset, 1e-5)' 'squared_slope < 1.5 && squared_offset > -0.7' \
    'near(absolute_slope, 2, 0.03) && near(absolute_offset, -1, 0.03)' 'near(huber_slope, 2, 0.1) && near(huber_offset, -1, 0.1)'
}
# C6
variational() {
  build variational --float=f64 && run variational || return 0
  holds variational 'mean_error < 1e-5 && covariance_error < 1e-5' 'elbo <= evidence + 1e-9 && near(elbo, evidence, 1e-5)'
  holds variational 'first_elbo <= evidence'
}
# C7: covariance is the precision's inverse, ((1, -0.6), (-0.6, 2)) / 1.64. Trajectories of length 2.6 turn both modes (frequencies 1.51 and
# 0.85) by neither half nor whole periods, so that 16,000 draws count as more than 5,000: tolerances of three standard errors and more.
hmc() {
  make_hmc() { # make_hmc EPSILON TURNS STEPS
    sed "s/, write = { q = \"q.npy\" }//; s/C, L, epsilon = 4, 20/C, L, epsilon = 4, $2/; s/steps = 10000/steps = $3/
         s/  return out/  return { accepted = out.accepted, error = out.error, m1 = mean[1], m2 = mean[2], s11 = second[1][1], s12 = second[1][2], s22 = second[2][2] }/" \
      "$NNC_SOURCE_DIR/models/hmc.lua" >hmc.lua
    "$NNC" hmc.lua --float=f64 -o hmc.c && build_c gcc -O1 hmc.c hmc && run hmc --epsilon "$1"
  }
  error() { awk '/"func":"sample"/ { sub(/.*"error":/, ""); s += $0 + 0; n++ } END { print s / n }' hmc.log; }
  local coarse fine
  make_hmc 0.065 40 500 || { fail "hmc does not run" && return; }
  fine=$(error)
  make_hmc 0.13 20 4000 || { fail "hmc does not run" && return; }
  coarse=$(error)
  holds hmc 'near(m1, 0, 0.03) && near(m2, 0, 0.04)' 'near(s11, 1 / 1.64, 0.04) && near(s12, -0.6 / 1.64, 0.04) && near(s22, 2 / 1.64, 0.08)' 'accepted > 0'
  # there, and with the momentum turned round back again
  sed 's/^return nn.program {/local back = nn.func { function()\n  local start = { q = nn.value(q), p = nn.random.normal(q.shape) }\n  local there = nn.scan(leapfrog, start, nil, { length = L })\n&/M
       s/^return nn.program {/  local home = nn.scan(leapfrog, { q = there.q, p = -there.p }, nil, { length = L })\n&/M
       s/^return nn.program {/  return { far = (there.q - start.q):norm(), off = (home.q - start.q):norm() + (home.p + start.p):norm() }\nend }\n&/M
       s/burn_in = burn_in, sample = sample,/back = back,/; s/, state = {.*},$/,/; s/run = {.*/run = { steps = 1, step = back },/' "$NNC_SOURCE_DIR/models/hmc.lua" >back.lua
  "$NNC" back.lua --float=f64 -o back.c && build_c gcc -O1 back.c back && run back || { fail "hmc back does not run" && return; }
  holds back 'far > 0.5 && off < 1e-12'
  # the energy error of trajectories of one length is O(epsilon^2)
  awk "BEGIN { exit !($coarse / $fine > 3.5 && $coarse / $fine < 4.6) }" || fail "hmc: energy errors of $coarse and $fine at epsilon and epsilon / 2"
}
# C9: the published figure of TensorFlow Privacy's tutorial for these settings and 60 epochs is 3.01
private() {
  need_fashion
  sed 's/epsilon = epsilon(steps), spent/epsilon = epsilon(steps), after_60 = epsilon(14062), spent/; s/steps = 20000/steps = 20/' "$NNC_SOURCE_DIR/models/private.lua" >private.lua
  "$NNC" private.lua -o private.c && build_c gcc -O2 private.c private && run private || { fail "private does not run" && return; }
  holds private 'near(after_60, 3.01, 0.005)' 'loss < first_loss && spent == "false"'
  run private --budget "$(awk '{ sub(/.*"epsilon":/, ""); e = $0 + 0 } NR == 5 { print e * 1.000001; exit }' private.log)" && holds private 'spent == "true"'
  [ "$(wc -l <private.log)" = 6 ] || fail "private: $(wc -l <private.log) calls with a budget for five steps, not 6"
  # the per-example gradients of vmap are those of a loop over the examples, whose size is not 0
  awk '/^return nn.program/ { print "local norms = nn.func { on = \"train\", function(b)"
         print "  local function norm(x, y) return nn.ravel(nn.grad(nn.cross_entropy(net(x:reshape { 1, 1, 28, 28 }), y:reshape { 1 }), nn.parameters(net))):norm() end"
         print "  local _, loop = nn.scan(function(c, row) return c, norm(row.x, row.y) end, {}, { x = b.x, y = b.y })"
         print "  return { smallest = loop:min(), apart = ((nn.vmap(norm, b.x, b.y) - loop):abs() / loop):max() }"
         print "end }" }
       { sub(/train = train, run = .*/, "norms = norms, run = { steps = 2, step = norms },"); print }' "$NNC_SOURCE_DIR/models/private.lua" >private.lua
  "$NNC" private.lua -o private.c && build_c gcc -O1 private.c private && run private || { fail "private with norms does not run" && return; }
  holds private 'smallest > 0.01 && apart < 1e-5'
}
# D1
lanczos() {
  build lanczos --float=f64 && run lanczos || return 0
  holds lanczos 'difference < 1e-10 && trace_difference < 1e-10' 'largest > 1 && smallest < 0'
}
# D3: the exponent tends to the limit like 1 / T
lyapunov() {
  build lyapunov --float=f64 && run lyapunov || return 0
  holds lyapunov 'near(limit, log(0.8), 1e-12) && near(exponent, limit, 0.01)'
  run lyapunov --lr 0.52 && holds lyapunov 'near(limit, log(1.08), 1e-12) && near(exponent, limit, 0.01) && exponent > 0'
}
# B2
symmetry() {
  build symmetry --float=f64 && run symmetry || return 0
  holds symmetry 'zero_spread == 0 && constant_spread == 0' 'near(zero_loss, log(2), 1e-12) && constant_loss > 0.6' 'random_spread > 1 && random_loss < 0.01'
}
# B3: the sigmoid's slope is at most 1/4, its gradient after 9 layers of variance-keeping weights at most about 4^-9
depth() {
  build depth --float=f64 && run depth || return 0
  holds depth 'near(slope, 0.25, 1e-12)' 'sigmoid < 3 * 4 ^ -9' 'tanh > 0.1' 'relu > 0.3 && relu < 3'
}
# B10: the adjoint's error falls with the fourth power of the step, and its memory does not depend on the number of steps
neural_ode() {
  local steps
  for steps in 10 20; do
    sed 's/steps = 1000, step = { train, { check, every = 250 } }/steps = 1, step = check/' "$NNC_SOURCE_DIR/models/neural_ode.lua" >neural_ode.lua
    "$NNC" neural_ode.lua -D steps=$steps --float=f64 -o neural_ode.c && build_c gcc -O1 neural_ode.c neural_ode && run neural_ode || { fail "neural_ode does not run" && return; }
    sed 's/.*"difference"://; s/}//' neural_ode.log >difference.$steps
    sed 's/, check = check,/,/; s/step = { train, { check, every = 250 } }/step = train/' "$NNC_SOURCE_DIR/models/neural_ode.lua" >trained.lua
    "$NNC" trained.lua -D steps=$((steps * 10)) --report -o trained.c | grep -E '^  together' >memory.$steps || die "there is no report"
  done
  awk "BEGIN { a = $(cat difference.10); b = $(cat difference.20); exit !(a < 1e-7 && a / b > 12 && a / b < 20) }" ||
    fail "neural_ode: the adjoint differs by $(cat difference.10) with 10 steps and $(cat difference.20) with 20"
  cmp -s memory.10 memory.20 || fail "neural_ode: memory with 100 and 200 steps: $(cat memory.10 memory.20)"
}
# B10, adaptive: a step's error is the tolerance at most, and the method of order 3 takes 10 times the steps for a thousandth of it
adaptive_ode() {
  build adaptive_ode --float=f64 && run adaptive_ode || return 0
  holds adaptive_ode 'first_error < first_steps * 1e-4 && error < steps * 1e-7' 'near(steps / first_steps, 10, 2)' \
    'first_slope < 4 * first_steps * 1e-4 && slope < 4 * steps * 1e-7' 'near(angle, 2, 1e-4)'
}
# C10, layer by layer: what a stage does not train is equal as files, and its gradients' products are not there
unfreeze() {
  build unfreeze && run unfreeze || return 0
  cmp trained.safetensors head.safetensors && cmp first_0.safetensors first_1.safetensors || fail "unfreeze: a frozen tensor was changed"
  ! cmp -s head.safetensors upper.safetensors && ! cmp -s upper.safetensors all.safetensors || fail "unfreeze: a stage trains nothing"
  "$NNC" "$NNC_SOURCE_DIR/models/unfreeze.lua" --report -o x.c | awk '/^[a-z]+: / { stage = $1 } /x \[/ { n[stage]++ }
    END { exit !(n["head:"] == 2 && n["upper:"] == 3 && n["all:"] == 4) }' || fail "unfreeze: not 2, 3 and 4 products in the three stages"
  holds unfreeze 'loss < 0.01'
}
# C10: the frozen tensors' file is the same; the gradient of the middle weight, [64,32] x [32,64], is there only when it is asked for
lora() {
  build lora --float=f32 && run lora || return 0
  holds lora 'loss < 0.5 * first_loss'
  cmp before.safetensors after.safetensors || fail "lora: a frozen tensor was changed"
  gradients() { "$NNC" "$1" --report -o x.c | grep -cE '\[64,32\] x \[32,64\]' || true; }
  sed 's/nn.parameters(net, "\*.lora_\*")/net/' "$NNC_SOURCE_DIR/models/lora.lua" >whole.lua
  [ "$(gradients "$NNC_SOURCE_DIR/models/lora.lua") $(gradients whole.lua)" = "0 1" ] || fail "lora: the frozen weight has a gradient's product, or a whole net has none"
}
# B9: entropies of softmax over 8 places, in the order of the weights
attention_entropy() {
  build attention_entropy && run attention_entropy || return 0
  holds attention_entropy 'large_entropy < small_entropy && small_entropy < none_entropy' 'none_entropy < log(8)'
}
# C3: 1e-3 is the row's own limit; burgers reaches it in the default run at ten times the viscosity of its model
transport() {
  build transport && run transport || return 0
  holds transport 'error < 1e-3' 'error < 0.1 * first_error'
}
burgers() {
  build burgers -D viscosity=0.1 -D places=512 && run burgers --steps_of_adam 300 --steps_of_lbfgs 10 || return 0
  holds burgers 'error < 1e-3' 'error < 0.1 * first_error'
  build burgers --float=f64 && run burgers $([ -n "${FULL:-}" ] || echo --steps_of_adam 1 --steps_of_lbfgs 0) || return 0
  holds burgers 'near(slope, -152.00516, 1e-5)' "${FULL:+error < 1e-3 && }error > 0"
}
poisson() {
  build poisson && run poisson --steps_of_adam 300 --steps_of_lbfgs 5 || return 0
  awk '/"func":"check"/ { gsub(/[{}" ]/, ""); split($0, f, ","); sub(/relu:/, "", f[4]); sub(/tanh:/, "", f[5]) } END { exit !(f[4] > 0.9 && f[5] < 5e-3) }' poisson.log ||
    fail "poisson: relative errors of ReLU and tanh: $(grep check poisson.log)"
  holds poisson 'relu == 0 && tanh > 1'
}
# C8: attacks are within the box, and training on them helps against them
adversarial() {
  need_fashion
  build adversarial && run adversarial --epochs 1 || return 0
  holds adversarial 'plain > 0.78 && hardened > 0.7' 'plain_fgsm < 0.5 * plain && plain_pgd < 0.5 * plain' 'hardened_pgd > plain_pgd + 0.2'
}
# C6, C12: the bound falls from that of pixels at a half, 784 ln 2 = 543
vae() {
  need_fashion
  build vae && run vae --steps 100 || return 0
  holds vae 'near(first_pixels, 784 * log(2), 10)' 'loss < 0.75 * first_loss && kl > 1'
}
fashion() {
  need_fashion
  build fashion && run fashion --steps 40 || return 0
  holds fashion 'loss < 0.6 * first_loss'
}
# A5: the steps are closed forms of the number of the step, in every step
memory() {
  build memory --float=f64 && run memory || return 0
  awk '{ gsub(/[{}" ]/, ""); split($0, f, ","); sub(/adagrad:/, "", f[4]); sub(/rmsprop:/, "", f[5]); k = NR; rho = 0.987
         sum = k < 500 ? k : k - 1 + 1e6
         mean = 1 - rho ^ k + (k < 500 ? 0 : (1 - rho) * (1e6 - 1) * rho ^ (k - 500))
         a = f[4] * (sqrt(sum) + 1e-10) - 1; r = f[5] * (sqrt(mean) + 1e-8) - 1
         if (!(a * a < 1e-16 && r * r < 1e-16)) bad++ }
       NR == 77 { away = 1 - 1 / f[5] ^ 2 } # what is left of the beginning after 1 / (1 - rho) steps: 1 / e
       END { if (!(away > 0.36 && away < 0.37)) bad++; if (!(f[4] < 1.01e-3 && f[5] > 0.99)) bad++; exit !(NR == 2000 && bad == 0) }' memory.log ||
    fail "memory: steps differ from their closed forms: $(sed -n '1p;77p;500p;2000p' memory.log)"
}
# C1: 20000 + log 2 and 40000 + log 2; sums of |softmax - target| by hand
extreme_logits() {
  build extreme_logits && run extreme_logits || return 0
  holds extreme_logits 'near(cross, 20000.693147, 2e-3) && cross == nll && cross == kl && near(binary, 40000.693147, 4e-3)' 'different == 0' \
    'near(cross_slope, 3, 1e-6) && near(nll_slope, 3, 1e-6) && near(kl_slope, 3, 1e-6) && near(binary_slope, 4.5, 1e-6)' 'naive == "inf"'
}
# C12
word2vec() {
  build word2vec && run word2vec --steps_of_training 1000 || return 0
  holds word2vec 'first_distance > 2 && distance < 0.15' 'first_nearest < 0.5 && nearest > 0.9'
}
# A9: the loss rises behind the best epoch; what is put back is the best one to the bit
overfit() {
  need_fashion
  build overfit && run overfit || return 0
  awk '{ gsub(/[{}" ]/, ""); split($0, f, ",") }
       f[3] == "func:validate" { before = last; last = substr(f[5], 6); if (!n++ || last + 0 < best + 0) { best = last; at = n }; if (n == 1) first = last }
       END { exit !(last == best && before > 1.1 * best && first > 1.3 * best && at < n - 1 && n < 60) }' overfit.log ||
    fail "overfit: validation losses are $(sed -nE 's/.*validate.*"loss":([^,}]+).*/\1/p' overfit.log | tr '\n' ' ')"
}

each $NAMES
finish
