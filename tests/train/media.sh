#!/usr/bin/env bash
# labels: plain
# timeout: 300
# media.sh: folders of images and of sounds, from the files to the batch, exactly as PIL, soundfile and the definitions in tests/oracle/media.py have them;
# refusals; and that no other program needs the libraries. About 6 s.
source "$(dirname "$0")/../common.sh"
need_nnc
models=$NNC_SOURCE_DIR/tests/train/media
oracle=$NNC_SOURCE_DIR/tests/oracle/media
cd "$work"
lines() { tr '\n' ' ' <"$1"; }
is() { [ "$1" = "$2" ] || fail "$3: '$1', not '$2'"; }
same() { cmp -s "$1" "$2" || fail "$3: $(diff "$1" "$2" | head -n 4 | tr '\n' '|')"; }
run() { rm -f ./*.txt && "./$1" --quiet --log log "${@:2}" </dev/null || fail "$*: exit code $?"; }
refused() { local code=0 && "./$1" --quiet "${@:3}" >/dev/null 2>err </dev/null || code=$?; [ "$code" = 1 ] && grep -qF -e "$2" err || fail "${*:3}: exit code $code, '$2' expected in: $(cat err)"; }
build() { "$NNC" "$models/$1.lua" -o "$2.c" "${@:3}" && build_named gcc -O0 "$2.c" "$2" || die "$2 does not build"; }
needs() { readelf -d "$1" | grep -c "NEEDED.*lib$2" || true; }

images() {
  build images images -D folder="$oracle/images"
  run images
  same x.txt "$oracle/colours.txt" "colours"
  is "$(lines y.txt)" "0 0 1 1 1 1 1 2 2 2 " "colours: y"
  run images --no-shuffle
  head -n 56 "$oracle/greys.txt" >half.txt && same gx.txt half.txt "greys"
  is "$(lines gy.txt)" "0 0 1 1 1 1 1 2 " "greys: y"
  # a pass in another order has the same rows; a second pass reads the files again
  run images --passes 3
  is "$(lines y.txt)" "$(printf '0 0 1 1 1 1 1 2 2 2 %.0s' 1 2 3)" "three passes: y"
  # the linked program, of names in an order of their own; what it and others need
  "$NNC" "$models/images.lua" -o named -D folder="$oracle/images" -D third=bee || fail "nnc -o named"
  run named
  is "$(lines y.txt)" "1 1 2 2 2 2 2 0 0 0 " "named: y"
  is "$(needs named png) $(needs named jpeg) $(needs named sndfile)" "1 1 0" "named: libraries"
  # one file, and a folder without classes
  run images --save one.safetensors
  run images --init one.safetensors --predict "$oracle/images/bee" --predict-with class -o means.csv
  tail -n +2 means.csv >means && awk 'NR > 14 && NR <= 49 { for (i = 1; i <= NF; i++) s += $i; if (NR % 7 == 0) { printf "%.4f\n", s / 63 / 255; s = 0 } }' "$oracle/greys.txt" >want
  awk '{ printf "%.4f\n", $1 }' means >got && same got want "--predict of a folder"
  run images --init one.safetensors --predict "$oracle/images/bee/c_adam7.png,$oracle/images/bee/a_grey16.png" --predict-with class -o means.csv
  is "$(tail -n +2 means.csv | tr '\n' ' ')" "$(sed -n 3p means) $(sed -n 1p means) " "--predict of two files"
  # the model's text is the same program; a library reads no files
  "$NNC" "$models/images.lua" -D folder="$oracle/images" -D third=bee --dump=front --stop-after=front >images.graph && "$NNC" images.graph -o text.c
  "$NNC" "$models/images.lua" -D folder="$oracle/images" -D third=bee -o named.c && cmp -s named.c text.c || fail "the model's text is another program"
  sed 's/ category "bee"//' images.graph >other.graph
  ! "$NNC" other.graph -o other.c 2>err && grep -q "source 'colours': its files or values do not fit its fields" err || fail "a text with two names for three classes: $(cat err)"
  "$NNC" "$models/images.lua" --lib -o lib.c && ! grep -q nnrt_format lib.c || fail "a library asks for a reader"
  # other files
  cp -r "$oracle/images" other && printf 'not an image' >other/notes.txt && mkdir -p other/.hidden && printf 'x' >other/ant/readme.txt
  run images --data colours=other --data greys=other && same x.txt "$oracle/colours.txt" "--data"
  mkdir other/dog
  refused images "data colours: other: has 4 folders; the model has 3 classes" --data colours=other
  mkdir -p empty/ant && refused named "empty/ant: there is no file in it that ends in .png" --data colours=empty
  refused named "other/dog: the folder is none of the model's 3 classes" --data colours=other
  rmdir other/dog
  bad() { rm -rf bad && cp -r "$oracle/images" bad && cat >bad/bee/b_alpha.png && refused images "$1" --data colours=bad; }
  bad "data colours: bad/bee/b_alpha.png: is no good JPEG file: it has four channels (CMYK)" <"$oracle/cmyk.jpg"
  bad "bad/bee/b_alpha.png: is no good PNG file: truncated: it ends at byte 300" < <(head -c 300 "$oracle/images/bee/c_adam7.png")
  bad "bad/bee/b_alpha.png: is no good JPEG file: Premature end of JPEG file" < <(head -c 700 "$oracle/images/cow/a.jpg")
  bad "bad/bee/b_alpha.png: is neither PNG nor JPEG: it begins with bytes 47 49 46 38" <<<"GIF89a file"
  bad "bad/bee/b_alpha.png: truncated: it has 0 bytes" </dev/null
  bad "is no good PNG file: IHDR: CRC error" < <(head -c 20 "$oracle/images/ant/a.png" && printf 'x' && tail -c +22 "$oracle/images/ant/a.png")
  refused images "none: the folder cannot be read: No such file or directory" --data colours=none
}

sounds() {
  build sounds sounds -D folder="$oracle/sounds"
  run sounds --passes 2
  cat "$oracle/sounds.txt" "$oracle/sounds.txt" >want && same x.txt want "sounds"
  is "$(lines y.txt)" "0 0 0 1 1 1 1 0 0 0 1 1 1 1 " "sounds: y"
  run sounds --save one.safetensors
  run sounds --init one.safetensors --predict "$oracle/sounds/low" --predict-with energy -o energy.csv
  awk 'NR > 3 { s = 0; for (i = 1; i <= NF; i++) s += $i * $i; printf "%.4f\n", s }' "$oracle/sounds.txt" >want
  tail -n +2 energy.csv | awk '{ printf "%.4f\n", $1 }' >got && same got want "--predict of sounds"
  if "$NNC" "$models/sounds.lua" -D folder="$oracle/sounds" -o sounds.o 2>llvm.txt; then
    cc sounds.o -L"$(dirname "$NNC_RUNTIME_LIBRARY")" -lnnrt_sound -lsndfile "$NNC_RUNTIME_LIBRARY" "${link_flags[@]}" -o llvm && run llvm && same x.txt "$oracle/sounds.txt" "LLVM" || fail "LLVM does not link"
  fi
  "$NNC" "$models/sounds.lua" -o straight -D folder="$oracle/sounds" && is "$(needs straight sndfile) $(needs straight png)" "1 0" "straight: libraries" || fail "nnc -o straight"
  bad() { rm -rf bad && cp -r "$oracle/sounds" bad && cat >bad/low/a_32.wav && refused sounds "$1" --data train=bad; }
  bad "data train: bad/low/a_32.wav: has 16000 samples a second; the model has sample_rate = 8000, and nothing is resampled" <"$oracle/rate.wav"
  bad "bad/low/a_32.wav: is no good WAV file: its samples are neither whole numbers (PCM) nor floats" <"$oracle/law.wav"
  bad "bad/low/a_32.wav: truncated: it ends at byte 50 of " < <(head -c 50 "$oracle/sounds/low/a_32.wav")
  bad "bad/low/a_32.wav: is no good WAV file: it does not begin with RIFF or RF64, a size, and WAVE" <"$oracle/images/ant/a.png"
  mkdir bad/medium && refused sounds 'bad/medium: the folder is none of the model'\''s 2 classes' --data train=bad
}

[ -f "$(dirname "$NNC_RUNTIME_LIBRARY")/libnnrt_images.a" ] && each images || echo "SKIPPED in part: nnc was built without libpng or libjpeg (libpng-dev, libjpeg-dev)"
[ -f "$(dirname "$NNC_RUNTIME_LIBRARY")/libnnrt_sound.a" ] && each sounds || echo "SKIPPED in part: nnc was built without libsndfile (libsndfile1-dev)"
finish
