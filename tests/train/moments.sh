#!/usr/bin/env bash
# labels: plain
# timeout: 900
# seconds: 20
# What is random in the library, by what theory says of it: standard deviations of initialisers (as parts of the wanted one), orthogonality, dropout's
# mean and square, SELU's fixed point after 50 layers, the gradient that residual connections let through (tests/train/layers/moments.lua). Ranges are
# about five standard errors of the samples that are drawn.
source "$(dirname "$0")/../common.sh"
need_nnc

ranges="
initial xavier_uniform 0.985 1.015   initial xavier_normal 0.985 1.015   initial xavier_conv 0.97 1.03
initial he_uniform 0.985 1.015   initial he_normal 0.985 1.015   initial he_conv 0.97 1.03   initial he_conv1d 0.96 1.04   initial he_dropout 0.985 1.015
initial lecun_uniform 0.985 1.015   initial lecun_normal 0.985 1.015   initial trunc_normal 0.985 1.015   initial trunc_most 0.99 1
initial sparse 0.965 1.035   initial sparse_least 15 15   initial sparse_most 15 15   initial eye 33 33   initial dirac 0 0
initial gram_wide 0 TIGHT   initial gram_tall 0 TIGHT   initial gram_square 0 TIGHT   initial gram_deep 0 TIGHT
deep selu_mean -0.1 0.1   deep selu_square 0.85 1.15
train dropout_mean 0.985 1.015   train dropout_square 1.40 1.46   train channel_mean 0.97 1.03   train channel_spread 0 0
train channel2_mean 0.97 1.03   train channel2_spread 0 0   train channel3_mean 0.97 1.03   train channel3_spread 0 0   train channel3_gradient 0 0   train alpha_mean -0.012 0.012   train alpha_square 0.98 1.02
train path_mean 0.96 1.04   train path_spread 0 0   train depth_mean 0.575 0.625   train depth_most 1 1   train batch_spread 0 0   train gate 0 0
eval dropout_mean 1 1   eval channel_mean 1 1   eval channel2_mean 1 1   eval channel3_mean 1 1   eval channel3_gradient 0 0   eval path_mean 1 1   eval depth_mean 0.599999 0.600001   eval gate 0 0
draws uniform_mean 0.4967 0.5033   draws uniform_variance 0.0825 0.0842   draws normal_mean -0.0112 0.0112   draws normal_variance 0.984 1.016
draws normal_fourth 2.89 3.11   draws gumbel_mean 0.5629 0.5916   draws gumbel_variance 1.606 1.684   draws exponential_mean 0.9888 1.0112
draws exponential_variance 0.968 1.032   draws bernoulli 0.2949 0.3051   draws integers_min -3 -3   draws integers_max 4 4   draws integers_mean 0.474 0.526
draws categorical0 0.0966 0.1034   draws categorical1 0.1955 0.2045   draws categorical2 0.2949 0.3051   draws categorical3 0.3945 0.4055
draws token0 0 0   draws token1 0 0   draws token2 0.343 0.377   draws token3 0.623 0.657
draws permutation_whole 0 0   draws permutation_far 296 371
survive residual 0.1 100   survive plain 0 0.0001   reset weights 0 0   reset steps 0 0
"
for float in f64 f32; do
  "$NNC" "$NNC_SOURCE_DIR/tests/train/layers/moments.lua" --float=$float -o "$work/model.c" || die "moments.lua is refused"
  # -O0: it runs for a second, and would be compiled for twelve
  build_c gcc -O0 -march=native "$work/model.c" "$work/model" || die "moments.c does not build"
  "$work/model" --quiet --log "$work/log" </dev/null || die "the built program fails"
  tight=$([ $float = f64 ] && echo 1e-14 || echo 3e-6)
  printf '%s: ' "$float"
  awk '{ gsub(/[{}" ]/, ""); n = split($0, field, ",")
         for (i = 3; i <= n; i++) { split(field[i], pair, ":"); if (i == 3) f = pair[2]; else print f, pair[1], pair[2] } }' "$work/log" >"$work/values"
  echo "${ranges//TIGHT/$tight}" | awk '
    NR == FNR { got[$1, $2] = $3; next }
    { for (i = 1; i + 3 <= NF; i += 4) { n++; is = got[$i, $(i + 1)]
        if (is == "" || is ~ /n/ || !(is + 0 >= $(i + 2) + 0 && is + 0 <= $(i + 3) + 0)) { bad++; printf "  %s.%s is %s, outside %s to %s\n", $i, $(i + 1), is, $(i + 2), $(i + 3) } } }
    END { printf "%d numbers in their ranges\n", n - bad; exit bad > 0 || n < 64 }' "$work/values" - || fail "what is random in $float"
done
finish
