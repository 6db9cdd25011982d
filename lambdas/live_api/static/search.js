// Finds places by a part of a name; Korean also by the initial consonants, as phone books do (ㄱㄴㅇ → 강남역).

const INITIALS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ";
const FIRST_SYLLABLE = 0xac00;
const LAST_SYLLABLE = 0xd7a3;
const SYLLABLES_PER_INITIAL = 588;
export const LEAST_LETTERS = 2;

const plain = (words) => words.normalize("NFC").toLocaleLowerCase().replace(/\s+/g, "");

export function initialOf(letter) {
  const code = letter.codePointAt(0);
  if (code < FIRST_SYLLABLE || code > LAST_SYLLABLE) return letter;
  return INITIALS[Math.floor((code - FIRST_SYLLABLE) / SYLLABLES_PER_INITIAL)];
}

// A consonant of the query stands for any syllable that begins with it, any other letter for itself.
function matchesAt(letters, query, from) {
  return query.every((wanted, index) => {
    const letter = letters[from + index];
    return letter === wanted || (INITIALS.includes(wanted) && initialOf(letter) === wanted);
  });
}

export function contains(words, query) {
  const letters = [...plain(words)];
  const wanted = [...plain(query)];
  for (let from = 0; from + wanted.length <= letters.length; from += 1) {
    if (matchesAt(letters, wanted, from)) return true;
  }
  return false;
}

export const isSearch = (query) => [...plain(query)].length >= LEAST_LETTERS;

export function matching(places, query) {
  if (!isSearch(query)) return places;
  return places.filter((place) =>
    [place.name, place.name_en, place.site].some((words) => words && contains(words, query)));
}
